"""Small building blocks that every panel uses: buttons, labels, combo boxes, lines, groups."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QLabel,
    QLayout,
    QListView,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from s2s_live.ui.style import TEXT, UNIT, icon

_OWN_KEYS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


def keeps_key(event: QEvent) -> bool:
    """Whether a focused button or menu claims this key before the show's shortcuts (Space is Hold)."""
    if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
        return False
    return event.key() in _OWN_KEYS and event.modifiers() == Qt.KeyboardModifier.NoModifier


class Button(QPushButton):
    """A button reached by Tab, pressed with Space or Return; a click does not take the focus."""

    def __init__(self, text: str = "", icon_name: str = "", tip: str = "", kind: str = "") -> None:
        super().__init__(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if icon_name:
            self.show_icon(icon_name)
        if kind:
            self.setProperty("kind", kind)
        self.setToolTip(tip)
        self.setAccessibleName(text or tip)

    def show_icon(self, name: str, colour: str = TEXT) -> None:
        """Change the icon."""
        self.setIcon(icon(name, colour))
        self.setIconSize(QSize(20, 20))

    def event(self, event: QEvent) -> bool:
        """Claim Space and Return while focused."""
        if keeps_key(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Return presses as Space does."""
        if event.key() in _OWN_KEYS[1:]:
            self.click()
            return
        super().keyPressEvent(event)


class Choice(QComboBox):
    """A menu of one choice that leaves the wheel to the scrolling panel unless it has the focus."""

    def __init__(self, name: str, tip: str = "") -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setMaxVisibleItems(18)
        self.setView(QListView())  # the default list ignores the style sheet's item heights
        self.setIconSize(QSize(18, 18))

    def event(self, event: QEvent) -> bool:
        """Claim Space and Return while focused."""
        if keeps_key(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Return opens the list."""
        if event.key() in _OWN_KEYS[1:]:
            self.showPopup()
            return
        super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Scroll the panel, not the choice, unless it has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def showPopup(self) -> None:  # noqa: N802
        """Make the list wide enough for its longest entry."""
        view = self.view()
        view.setMinimumWidth(min(max(view.sizeHintForColumn(0) + 40, self.width()), 560))
        super().showPopup()


class Label(QLabel):
    """A label with a role of the style sheet; with `elide` it shortens with dots instead of being cut."""

    def __init__(self, text: str = "", role: str = "", *, elide: bool = False) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._elide = elide
        if role:
            self.setProperty("role", role)
        if elide:
            self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            self.setMinimumWidth(24)

    def setText(self, text: str) -> None:  # noqa: N802
        """Set the text, sparing the layout a pass when nothing changed."""
        if text != self.text():
            super().setText(text)
            if self._elide:
                self.setToolTip(text)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw, shortened where asked."""
        if not self._elide:
            super().paintEvent(event)
            return
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), text)


class Group(QWidget):
    """A titled block of the controls column."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(4 * UNIT, 4 * UNIT, 4 * UNIT, 2 * UNIT)
        self.body.setSpacing(2 * UNIT)
        heading = Label(title.upper(), "heading")
        heading.setAccessibleName(title)
        self.body.addWidget(heading)


def line(*, upright: bool = False) -> QFrame:
    """A hairline between blocks."""
    frame = QFrame()
    frame.setObjectName("upright" if upright else "line")
    return frame


def focus_order(root: QWidget) -> list[QWidget]:
    """What Tab reaches inside `root`, in the order of its layouts: as a person reads the window."""
    layout = root.layout()
    return [] if layout is None else _in_order(layout)


def _in_order(layout: QLayout) -> list[QWidget]:
    found: list[QWidget] = []
    for index in range(layout.count()):
        item = layout.itemAt(index)
        if item is None:
            continue
        inner, widget = item.layout(), item.widget()
        if inner is not None:
            found += _in_order(inner)
        elif widget is not None:
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                found.append(widget)
            found += focus_order(widget)
    return found
