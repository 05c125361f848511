"""Sliders, switches and menus made from a list of `Control`; nobody writes them by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from s2s_live.engines.base import Control
from s2s_live.live.controls import MIX_GAINS
from s2s_live.live.memory import EDIT, HEARD, WEIGHTS
from s2s_live.ui.slider import ControlSlider, readout
from s2s_live.ui.style import UNIT, number_font
from s2s_live.ui.widgets import Choice, Group, Label

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Listening", ("gain_db", *MIX_GAINS, "gate_db", "gate_mode")),
    ("Response", (HEARD, EDIT, "attack", "release", "reactivity", "motion", "flash_guard")),
)
"""Controls with a place of their own; all others belong to the scene."""
SCENE_GROUP = "Scene"
ELSEWHERE = ("hold", *WEIGHTS)
"""Controls that have a place of their own outside the panel: a button, the slots of the memory strip."""


class ControlRow(QWidget):
    """One control: title, readout and the widget that turns it."""

    changed = Signal(str, float)

    def __init__(self, control: Control, value: float) -> None:
        super().__init__()
        self.control = control
        self.setToolTip(control.help)
        self._show: Callable[[float], None]
        self._title: Label | None = None
        {"bool": self._build_switch, "choice": self._build_menu}.get(control.kind, self._build_slider)()
        self._show(value)

    def show_value(self, value: float) -> None:
        """Follow a change made elsewhere, unless the person is turning it right now."""
        if not self._held():
            self._show(value)

    def show_name(self, name: str) -> None:
        """Say what the control acts on, beside its title: `First sound: Desk mic`."""
        slider = self.findChild(ControlSlider)
        if slider is not None and self._title is not None:
            text = f"{self.control.title}: {name}" if name else self.control.title
            self._title.setText(text)
            slider.setAccessibleName(text)

    def _held(self) -> bool:
        slider = self.findChild(ControlSlider)
        return slider is not None and slider.isSliderDown()

    def _emit(self, value: float) -> None:
        self.changed.emit(self.control.name, value)

    def _build_slider(self) -> None:
        control = self.control
        self._title = title = Label(control.title, elide=True)
        figure = Label("", "value")
        figure.setFont(number_font(12))
        figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        slider = ControlSlider(control)
        title.setBuddy(slider)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(figure)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(head)
        box.addWidget(slider)

        def show(value: float) -> None:
            slider.show_value(value)
            figure.setText(readout(control, value))

        def turned(value: float) -> None:
            figure.setText(readout(control, value))
            self._emit(value)

        slider.changed.connect(turned)
        self._show = show

    def _build_switch(self) -> None:
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        switch = QCheckBox(self.control.title)
        switch.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        switch.setAccessibleDescription(self.control.help)
        switch.toggled.connect(lambda on: self._emit(float(on)))
        box.addWidget(switch, 1)

        def show(value: float) -> None:
            blocked = switch.blockSignals(True)
            switch.setChecked(value >= 0.5)
            switch.blockSignals(blocked)

        self._show = show

    def _build_menu(self) -> None:
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        title, menu = Label(self.control.title, elide=True), Choice(self.control.title, self.control.help)
        menu.addItems([choice.capitalize() for choice in self.control.choices])
        menu.activated.connect(lambda index: self._emit(float(index)))
        box.addWidget(title, 1)
        box.addWidget(menu, 1)
        self._show = lambda value: menu.setCurrentIndex(round(value))


class ControlsPanel(QWidget):
    """Groups of rows. `changed(name, value)` on every turn."""

    changed = Signal(str, float)

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, ControlRow] = {}
        self._names: tuple[Control, ...] = ()
        self._groups: dict[str, Group] = {}
        self._sounds: list[str] = []
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        for title in (*(title for title, _ in GROUPS), SCENE_GROUP):
            self._groups[title] = Group(title)
            self._groups[title].body.setSpacing(3 * UNIT)
            box.addWidget(self._groups[title])

    def group(self, title: str) -> Group:
        """A group by its title, for extra widgets."""
        return self._groups[title]

    def row(self, name: str) -> ControlRow:
        """The row of a control."""
        return self._rows[name]

    def set_controls(self, controls: Sequence[Control], values: Mapping[str, float]) -> None:
        """Show these controls; rows that stay are kept, so a drag survives a change of model."""
        shown = (control for control in controls if control.name not in ELSEWHERE)
        wanted = tuple(sorted(shown, key=lambda control: place_of(control.name)))
        if wanted != self._names:
            self._names = wanted
            self._rebuild(values)
        for name, row in self._rows.items():
            row.show_value(values.get(name, row.control.default))

    def show_mix(self, sounds: Sequence[str]) -> None:
        """Show a fader for each of the two `sounds` of a mix, named; of fewer sounds none."""
        self._sounds = list(sounds) if len(sounds) == len(MIX_GAINS) else []
        for which, name in enumerate(MIX_GAINS):
            row = self._rows.get(name)
            if row is not None:
                row.setVisible(bool(self._sounds))
                row.show_name(self._sounds[which] if self._sounds else "")

    def show_values(self, values: Mapping[str, float]) -> None:
        """Follow changes made elsewhere."""
        for name, row in self._rows.items():
            if name in values:
                row.show_value(values[name])

    def _rebuild(self, values: Mapping[str, float]) -> None:
        kept = {row.control: row for row in self._rows.values()}
        for control, row in kept.items():
            if control not in self._names:
                row.setParent(None)
                row.deleteLater()
        self._rows = {}
        for control in self._names:
            if control in kept:
                row = kept[control]
            else:
                row = ControlRow(control, values.get(control.name, control.default))
                row.changed.connect(self.changed)
            self._groups[group_of(control.name)].body.addWidget(row)  # moves a kept row behind the last one
            self._rows[control.name] = row
        self.show_mix(self._sounds)


def group_of(name: str) -> str:
    """Title of the group that a control belongs to."""
    for title, names in GROUPS:
        if name in names:
            return title
    return SCENE_GROUP


def place_of(name: str) -> int:
    """Where a control stands within its group: as listed, the others behind in their own order."""
    names = next((names for _, names in GROUPS if name in names), ())
    return names.index(name) if name in names else 0
