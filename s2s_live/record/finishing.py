"""What is still to be done for a video once its recorder has closed it."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path

from s2s_live.errors import RecordingError
from s2s_live.record.detached import finish_detached
from s2s_live.record.fragments import trim_fragments
from s2s_live.record.pending import Mark, hold

_log = logging.getLogger(__name__)


class Finishing:
    """Marks a video as unfinished while it is recorded, then hands it to the process that rewrites it."""

    def __init__(self) -> None:
        self._mark: Mark | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, video: Path) -> None:
        """Mark the video, so that a later start finds it should this program die. Never raises."""
        try:
            self._mark = hold(video)
        except RecordingError:
            _log.exception("%s will stay a fragmented MP4", video)

    def hand_over(self, remux: bool) -> None:
        """Cut a broken end off, let go of the mark and start the rewriting, if wanted. Never raises."""
        if self._mark is None:
            return
        video = self._mark.video
        try:
            whole = trim_fragments(video)
            if video.stat().st_size == 0:
                video.unlink()
            self._mark.release(done=not (remux and whole))
            if remux and whole:
                self._process = finish_detached([video])
        except OSError:
            _log.exception("%s stays as it was recorded", video)

    def running(self) -> bool:
        """Whether the video is being rewritten now."""
        return self._process is not None and self._process.poll() is None
