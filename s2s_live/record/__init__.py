"""Recording: video with sound, image sequences, stills."""
