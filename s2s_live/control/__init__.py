"""Settings and presets: views of one list of controls."""
