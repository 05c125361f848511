"""Streaming spectrograms, equal to the offline ones."""
