"""Measured figures of the running app."""
