"""Displays by an identity that survives unplugging and plugging in again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QGuiApplication, QScreen


def display_key(screen: QScreen) -> str:
    """Connector, maker, model and serial number: the same display on the same socket has the same key."""
    return f"{screen.name()}|{screen.manufacturer()}|{screen.model()}|{screen.serialNumber()}"


def display_title(index: int, screen: QScreen) -> str:
    """`2: HDMI-1, 1920 x 1080`."""
    size = screen.size() * screen.devicePixelRatio()
    name = screen.model() or screen.name() or "Display"
    return f"{index + 1}: {name}, {size.width()} \u00d7 {size.height()}"


def find_display(key: str, screens: Sequence[QScreen] | None = None) -> QScreen | None:
    """The display with this key, or None while it is unplugged."""
    screens = QGuiApplication.screens() if screens is None else screens
    return next((screen for screen in screens if display_key(screen) == key), None)


def default_display(occupied: QScreen | None) -> QScreen:
    """Where the output goes unless told otherwise: the first display that the control window is not on."""
    screens = QGuiApplication.screens()
    return next((screen for screen in screens if screen is not occupied), screens[0])
