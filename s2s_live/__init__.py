"""s2s-live: live sound becomes a changing, generated scene."""

__version__ = "0.1.0"
