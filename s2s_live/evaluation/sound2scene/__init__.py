"""Sound2Scene on real clips: does the picture show what is heard, and does it look like a photograph."""
