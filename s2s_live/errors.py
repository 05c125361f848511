"""The errors a user can meet. Each says what happened and what to do next."""

from __future__ import annotations


class S2SError(Exception):
    """Base of every error that is the user's to mend rather than ours.

    `message` says what happened; `hint` says what to do next. `str()` gives both.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class AudioError(S2SError):
    """A device, stream or audio file that cannot be used."""


class ModelError(S2SError):
    """A model folder or weights file that is missing, damaged or of another kind."""


class RecordingError(S2SError):
    """A recording that cannot be started or continued."""


class SettingsError(S2SError):
    """A settings or preset file that cannot be used."""


class PinError(S2SError):
    """A pin, or a file of pins, that cannot be used, read or written."""


class DisplayError(S2SError):
    """No screen, or a window system that cannot be reached."""


class TrainingError(S2SError):
    """Training data or a checkpoint that cannot be used."""
