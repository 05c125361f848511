"""The look: colour tokens, type, style sheet, palette and icons of every window."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from string import Template

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from s2s_live.store.places import bundled

GROUND = "#0b0c10"
PANEL = "#121419"
RAISED = "#1a1d24"
HOVER = "#252932"
LINE = "#22262e"
EDGE = "#323843"
TEXT = "#e9ebf0"
DIM = "#9aa1b1"
FAINT = "#666e7e"
ACCENT = "#f4b860"
ACCENT_LIGHT = "#ffdca3"
ACCENT_DARK = "#3a2d18"
ACCENT_EDGE = "#7a5b2a"
GOOD = "#7cc7a2"
RECORD = "#e5484d"
RECORD_EDGE = "#6b3034"
ERROR = "#e5787c"
ERROR_DARK = "#2e181b"

UNIT = 4
"""Spacing grid in pixels; margins and gaps are multiples of it."""

_FAMILIES = (
    "Inter",
    "Segoe UI",
    "SF Pro Text",
    "Helvetica Neue",
    "Noto Sans",
    "Ubuntu",
    "Cantarell",
    "DejaVu Sans",
)
_ICON_SIZES = (16, 20, 24, 32)


def tokens() -> dict[str, str]:
    """Every colour by the name that the style sheet uses."""
    return {
        name.lower(): value
        for name, value in globals().items()
        if name.isupper() and isinstance(value, str) and value.startswith("#")
    }


def style_sheet() -> str:
    """The style sheet with the tokens filled in."""
    folder = bundled("resources") / "styles"
    text = (folder / "s2s.qss").read_text(encoding="utf-8")
    return Template(text).substitute(tokens(), styles=folder.as_posix())


def palette() -> QPalette:
    """Colours for what the style sheet does not reach: native dialogs, selections, disabled text."""
    result = QPalette()
    roles = {
        QPalette.ColorRole.Window: GROUND,
        QPalette.ColorRole.WindowText: TEXT,
        QPalette.ColorRole.Base: RAISED,
        QPalette.ColorRole.AlternateBase: PANEL,
        QPalette.ColorRole.Text: TEXT,
        QPalette.ColorRole.Button: RAISED,
        QPalette.ColorRole.ButtonText: TEXT,
        QPalette.ColorRole.BrightText: ACCENT_LIGHT,
        QPalette.ColorRole.Highlight: ACCENT,
        QPalette.ColorRole.HighlightedText: GROUND,
        QPalette.ColorRole.ToolTipBase: RAISED,
        QPalette.ColorRole.ToolTipText: TEXT,
        QPalette.ColorRole.PlaceholderText: FAINT,
        QPalette.ColorRole.Link: ACCENT,
    }
    for role, colour in roles.items():
        result.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(FAINT))
    return result


def base_font() -> QFont:
    """The interface's type: the system's own good sans, hinted for the screen."""
    known = set(QFontDatabase.families())
    font = QFont()
    font.setFamilies([family for family in _FAMILIES if family in known] or [font.family()])
    font.setPixelSize(13)
    return font


def number_font(size: int, *, bold: bool = False) -> QFont:
    """Type for changing figures: digits of one width, so that readouts do not jitter."""
    font = QFont(base_font())
    font.setPixelSize(size)
    font.setBold(bold)
    if hasattr(font, "setFeature"):  # Qt 6.7 and newer
        font.setFeature(QFont.Tag("tnum"), 1)
    return font


def apply_style(app: QApplication) -> None:
    """Give the application its look; once, before the first window."""
    app.setStyle("Fusion")
    hints = QGuiApplication.styleHints()
    if hasattr(hints, "setColorScheme") and sys.platform != "linux":  # native title bars follow it
        hints.setColorScheme(Qt.ColorScheme.Dark)
    app.setPalette(palette())
    app.setFont(base_font())
    app.setStyleSheet(style_sheet())
    app.setWindowIcon(QIcon(str(_icons() / "s2s-live.svg")))


def _icons() -> Path:
    return bundled("resources") / "icons"


@lru_cache(maxsize=128)
def icon(name: str, colour: str = TEXT, checked: str = ACCENT_LIGHT) -> QIcon:
    """One of our own line icons in a colour; `checked` is its colour when a button is down."""
    source = (_icons() / f"{name}.svg").read_text(encoding="utf-8")
    result = QIcon()
    states = (
        (QIcon.Mode.Normal, QIcon.State.Off, colour),
        (QIcon.Mode.Normal, QIcon.State.On, checked),
        (QIcon.Mode.Disabled, QIcon.State.Off, FAINT),
    )
    for mode, state, tint in states:
        renderer = QSvgRenderer(QByteArray(source.replace("currentColor", tint).encode()))
        for size in _ICON_SIZES:
            for ratio in (1, 2):
                result.addPixmap(_render(renderer, size, ratio), mode, state)
    return result


def _render(renderer: QSvgRenderer, size: int, ratio: int) -> QPixmap:
    pixmap = QPixmap(QSize(size * ratio, size * ratio))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
