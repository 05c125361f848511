"""Starting what finishes videos, beside the show.

Without PyAV, which `remux` needs: most starts find nothing unfinished.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import s2s_live
from s2s_live.record.pending import unfinished

_log = logging.getLogger(__name__)


def finish_detached(videos: Sequence[Path]) -> subprocess.Popen[bytes] | None:
    """Finish marked videos beside the show, surviving this program's end. The process, or None in a bundle.

    A frozen bundle has no interpreter to start: there a thread does it, and what a closing program cuts
    short is taken up at the next start. Raises OSError where no process can be started.
    """
    if not videos:
        return None
    if getattr(sys, "frozen", False):
        from s2s_live.record.remux import finish

        threading.Thread(
            target=lambda: [finish(video) for video in videos], name="s2s-remux", daemon=True
        ).start()
        return None
    root = str(Path(s2s_live.__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH", "")])]
    detached = 0x00000208 if sys.platform == "win32" else 0  # DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP
    return subprocess.Popen(
        [sys.executable, "-m", "s2s_live.record.remux", *map(str, videos)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C in the terminal of the show is not meant for it
        creationflags=detached,
    )


def finish_pending(folder: Path) -> list[Path]:
    """At start: take up the videos in `folder` that an earlier run left unfinished; returns them.

    Quick, and never raises: a folder that cannot be read holds nothing to do.
    """
    try:
        videos = unfinished(folder)
        finish_detached(videos)
    except OSError:
        _log.exception("Unfinished recordings in %s were not taken up", folder)
        return []
    return videos
