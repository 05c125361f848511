"""Other places the picture can go."""
