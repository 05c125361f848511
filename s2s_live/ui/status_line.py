"""The line at the bottom: what goes on, and two quiet facts."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from s2s_live.ui.job_line import JobLine
from s2s_live.ui.style import UNIT, number_font
from s2s_live.ui.widgets import Label


class StatusLine(QWidget):
    """Words at the left, a job beside them; input format and frame rate at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.text = Label("", "small", elide=True)
        self.job = JobLine()
        self.input = Label("", "small")
        self.rate = Label("", "small")
        self.rate.setFont(number_font(12))
        box = QHBoxLayout(self)
        box.setContentsMargins(4 * UNIT, UNIT, 4 * UNIT, UNIT)
        box.setSpacing(4 * UNIT)
        box.addWidget(self.text, 1)
        box.addWidget(self.job)
        box.addWidget(self.input)
        box.addWidget(self.rate)
        self.setAccessibleName("Status")

    def say(self, text: str) -> None:
        """What goes on."""
        self.text.setText(text)

    def show_facts(self, source: str, rate: str) -> None:
        """Format of the input, and frames per second."""
        self.input.setText(source)
        self.rate.setText(rate)
