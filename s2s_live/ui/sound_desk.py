"""The sound as the window knows it: feed, sources, devices, the file's transport, Set level."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QObject, QTimer, Signal

from s2s_live.audio.device import Device
from s2s_live.audio.feed import Feed
from s2s_live.audio.mixed import Input, MixedSource, mixed, parts_of
from s2s_live.audio.source import Source
from s2s_live.audio.status import FeedStatus, PartStatus
from s2s_live.audio.watch import DeviceWatch
from s2s_live.errors import AudioError
from s2s_live.features.display import DisplaySpectrogram
from s2s_live.ui.source_menu import shortened
from s2s_live.ui.spectrum import SpectrumReader
from s2s_live.ui.worker import Worker

if TYPE_CHECKING:
    from s2s_live.audio.file import FileSource
    from s2s_live.ui.file_bar import FileBar

log = logging.getLogger(__name__)

LOOK_MS = 500
_SILENT_DB, _LOUD_DB = -60.0, -12.0
_NAME = 28
"""Letters of each name where both sounds of a mix are named in one line."""


@dataclass(frozen=True)
class _Opened:
    """What the jobs' thread has opened."""

    text: str
    beside: str
    trouble: AudioError | None = None
    """Why one of two is missing."""


class SoundDesk(QObject):
    """Owns the feed. Sources are opened on the jobs' thread; what plays is `text`, mixed with `beside`."""

    source_changed = Signal()
    devices_changed = Signal()
    failed = Signal(object)
    level_found = Signal(float, float, str)
    """Gain and gate in dB, and a sentence."""

    def __init__(self, jobs: Worker) -> None:
        super().__init__()
        self._watch = DeviceWatch()
        self.feed = feed = Feed(watch=self._watch)
        display = DisplaySpectrogram()
        self.spectrum = SpectrumReader(feed.program, display.push)
        low_hz, high_hz = float(display.edges[0]), float(display.edges[-1])
        self.spectrum_format = (display.rows, low_hz, high_hz, display.columns_per_second)
        """Rows, lowest and highest frequency in Hz, columns per second."""
        self.text = "none"
        """What opened the source that plays."""
        self.beside = ""
        """What opened the second sound that plays, empty without one."""
        self.wanted = "none"
        """What shall play; differs from `text` while it cannot."""
        self.wanted_beside = ""
        """What shall be mixed with it."""
        self.inputs: Sequence[Device] = ()
        self.outputs: Sequence[Device] = ()
        self.output_id = "default"
        self.loop = True
        self._volume = 0.8
        self._muted = False
        self._jobs = jobs
        self._watched = 0
        self._opening = False
        self._playing: dict[str, Source] = {}  # by the text that opened it; for the jobs' thread alone
        self._shown_file = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look_at_devices)

    @property
    def source(self) -> Input | None:
        """What plays."""
        return self.feed.source

    @property
    def mixing(self) -> bool:
        """Whether two sounds play."""
        return isinstance(self.feed.source, MixedSource)

    @property
    def names(self) -> list[str]:
        """What the one or two sounds that play are called."""
        return [part.name for part in parts_of(self.feed.source)]

    @property
    def files(self) -> list[FileSource]:
        """The files that play: none, one, or both sounds of a mix."""
        return _files(self.feed.source)

    @property
    def file(self) -> FileSource | None:
        """The file that the transport serves, if one plays."""
        files = self.files
        return files[min(self._shown_file, len(files) - 1)] if files else None

    def choose_file(self, which: int) -> None:
        """Let the transport serve the first file (0) or the second (1) of a mix."""
        self._shown_file = which

    @property
    def channels(self) -> int:
        """Channels of the source, of a mix those of the first."""
        return self.feed.source.channels if self.feed.source is not None else 0

    @property
    def channel(self) -> int:
        """The channel that is heard, -1 for the mix."""
        return -1 if self.feed.channel is None else self.feed.channel

    def set_channel(self, channel: int) -> None:
        """Hear one channel, or -1 for the mix."""
        self.feed.channel = None if channel < 0 else channel

    def begin(self, text: str, beside: str = "") -> None:
        """Start the programme, open the first source (or two), watch the devices."""
        self.feed.start()
        self._play(text, beside)
        self._watch.start()
        self._timer.start(LOOK_MS)

    def play(self, text: str) -> None:
        """Change to another source; the old one goes on if that fails. What is mixed with it stays, unless
        it is the same, or there is to be no input at all.
        """
        beside = "" if text == "none" else self.wanted_beside
        self._play(text, beside, keep=(beside,))

    def mix_with(self, text: str) -> None:
        """Mix this with what plays, in place of what was mixed with it before."""
        if self.wanted == "none":
            self.play(text)
        else:
            self._play(self.wanted, text, keep=(self.wanted,))

    def stop_mixing(self) -> None:
        """Go on with the first sound alone; one that is alone is not interrupted."""
        if self.wanted_beside or self.beside:
            self._play(self.wanted, "", keep=(self.wanted,))

    def _play(self, text: str, beside: str, keep: tuple[str, ...] = ()) -> None:
        """Open both, or go on with those to `keep` that play already."""
        if beside in ("none", text):
            beside = ""
        self.wanted, self.wanted_beside = text, beside
        self._opening = True
        self._jobs.submit(
            lambda: self._open(text, beside, keep),
            self._opened,
            lambda error: self._not_opened(text, beside, error),
        )

    def loudness(self, now: float) -> float:
        """0..1: how loud it is right now, for eyes."""
        level = self.feed.status(now).rms_db
        return min(max((level - _SILENT_DB) / (_LOUD_DB - _SILENT_DB), 0.0), 1.0)

    def complaint(self, status: FeedStatus) -> str:
        """The feed's sentence, unless it only says what the menu shows anyway."""
        return "" if status.state in ("none", "ended") or self._opening else status.message

    def facts(self, status: FeedStatus) -> str:
        """Format of the input: `48 kHz, 2 channels`; of a mix the names, and what became of one."""
        if status.parts:
            return " + ".join(_named(part) for part in status.parts)
        if status.rate <= 0:
            return ""
        channels = "mono" if status.channels == 1 else f"{status.channels} channels"
        return f"{status.rate / 1000:g} kHz, {channels}"

    def measure(self) -> None:
        """Suggest gain and gate from the last five seconds."""
        found = self.feed.measure_level(5.0)
        self.level_found.emit(found.gain_db, found.gate_db, found.message)

    def close(self) -> None:
        """Stop devices and programme."""
        self._timer.stop()
        self._watch.stop()
        self.feed.stop()

    def _open(self, text: str, beside: str, keep: tuple[str, ...]) -> _Opened:
        try:
            self._open_now(text, beside, keep)
        except AudioError as error:
            if not beside or self.feed.source is not None:
                raise
            return self._open_one(text, beside, error)
        return _Opened(text, beside)

    def _open_now(self, text: str, beside: str, keep: tuple[str, ...] = ()) -> None:
        from s2s_live.audio.sources import open_source

        parts: dict[str, Source] = {}
        for each in (text, beside):
            source = self._playing.get(each) if each in keep else None
            source = source or open_source(each, loop=self.loop)
            if source is not None:
                parts[each] = source
        both = mixed(*parts.values())
        self._apply(both)
        self.feed.play(both)
        self._playing = parts

    def _open_one(self, text: str, beside: str, trouble: AudioError) -> _Opened:
        """Nothing plays yet and one of two is missing: better the other alone than silence."""
        for first, second in ((text, ""), ("none", beside)):
            try:
                self._open_now(first, second)
            except AudioError:
                continue
            if self.feed.source is not None:
                return _Opened(first, second, trouble)
        raise trouble

    def _opened(self, result: _Opened) -> None:
        self.text, self.beside = result.text, result.beside
        self._opening = False
        self.source_changed.emit()
        if result.trouble is not None:
            self.failed.emit(result.trouble)

    def _not_opened(self, text: str, beside: str, error: Exception) -> None:
        self._opening = False
        playing = (self.text, self.beside)
        if playing != ("none", "") and (text, beside) != playing:
            self.wanted, self.wanted_beside = playing  # the old source goes on
        self.source_changed.emit()
        self.failed.emit(error)

    # --- devices

    def _look_at_devices(self) -> None:
        """Take over a changed device list; try again what could not be opened before."""
        if self._watch.changes == self._watched:
            return
        self._watched = self._watch.changes
        self.inputs, self.outputs = self._watch.inputs, self._watch.outputs
        self.devices_changed.emit()
        if (self.wanted, self.wanted_beside) != (self.text, self.beside) and not self._opening:
            self._play(self.wanted, self.wanted_beside, keep=(self.wanted, self.wanted_beside))

    # --- the file

    def pause(self, on: bool) -> None:
        """Pause or go on."""
        if self.file is not None:
            (self.file.pause if on else self.file.resume)()

    def seek(self, seconds: float) -> None:
        """Go to a place in the file."""
        if self.file is not None:
            self.file.seek(seconds)

    def set_loop(self, on: bool) -> None:
        """Again and again, or once."""
        self.loop = on
        if self.file is not None:
            self.file.loop = on

    def set_muted(self, on: bool) -> None:
        """Do not play the file here; the show hears it all the same."""
        self._muted = on
        self._apply(self.feed.source)

    def toggle_mute(self) -> None:
        """Mute or unmute."""
        self.set_muted(not self._muted)

    def set_volume(self, volume: float) -> None:
        """0..1."""
        self._volume = volume
        self._apply(self.feed.source)

    def set_output(self, identity: str) -> None:
        """Where the file is heard."""
        self.output_id = identity
        self._apply(self.feed.source)

    def show_file(self, bar: FileBar, now: float) -> None:
        """Show the file's state in its transport."""
        file, files = self.file, self.files
        if file is not None:
            bar.show_files([each.name for each in files], files.index(file) if file in files else 0)
            bar.show_state(
                file.position,
                file.duration,
                paused=file.status(now).state == "paused",
                loop=file.loop,
                muted=self._muted,
                volume=self._volume,
            )

    def _apply(self, source: Input | None) -> None:
        for file in _files(source):
            file.volume, file.muted, file.output = self._volume, self._muted, self.output_id

    # --- settings

    def restore(self, remembered: dict[str, Any]) -> None:
        """Take over what was remembered."""
        volume = remembered.get("volume")
        if isinstance(volume, int | float) and not isinstance(volume, bool):
            self._volume = min(max(float(volume), 0.0), 1.0)
        self._muted = remembered.get("muted") is True
        self.loop = remembered.get("loop") is not False
        if isinstance(remembered.get("audio_output"), str):
            self.output_id = remembered["audio_output"]

    def remember(self, remembered: dict[str, Any]) -> None:
        """Put what shall last into the settings."""
        remembered.update(volume=self._volume, muted=self._muted, loop=self.loop, audio_output=self.output_id)


def _files(source: Input | None) -> list[FileSource]:
    return [cast("FileSource", part) for part in parts_of(source) if part.kind == "file"]


def _named(part: PartStatus) -> str:
    name = shortened(part.name, _NAME)
    return name if part.state == "running" else f"{name} ({part.state})"
