"""Which engines there are, and opening one for a model folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from s2s_live.engines.base import Engine
from s2s_live.engines.devices import AUTO, resolved
from s2s_live.errors import ModelError
from s2s_live.store.folder import ModelFolder


def _sound2scene(
    folder: ModelFolder, device: str, threads: int, alone: int, fine: bool | None, cache: Path | None
) -> Engine:
    # An engine is imported when one is opened: naming them must be quick.
    from s2s_live.engines.sound2scene.engine import open_sound2scene

    return open_sound2scene(folder, device, threads, alone, fine, cache)


ENGINES: dict[str, Callable[[ModelFolder, str, int, int, bool | None, Path | None], Engine]] = {
    "sound2scene": _sound2scene,
}
"""How each engine is opened, by the name that manifests give."""


def open_engine(
    folder: Path,
    device: str = AUTO,
    threads: int = 1,
    *,
    alone: int = 0,
    fine: bool | None = False,
    cache: Path | None = None,
) -> Engine:
    """Open the model in `folder` on `device` (auto, cpu, cuda, mps), its networks on `threads` threads each.

    `alone`, where that are more, are those of painting while nothing is heard: hearing's as well.
    `fine` asks for pictures of twice the lines, of models that have them; None for them where this machine
    is fast enough to paint them live. `cache` is where compiled networks are looked for and kept; None: in
    the user's cache.

    Raises ModelError when the folder, its engine or the device cannot be used.
    """
    opened = ModelFolder.open(Path(folder))
    opener = ENGINES.get(opened.engine)
    if opener is None:
        known = ", ".join(ENGINES)
        raise ModelError(
            f"{opened.path} needs the engine {opened.engine!r}, which this program lacks.",
            f"Update s2s-live; it has: {known}.",
        )
    if threads < 1:
        raise ValueError(f"an engine needs a thread, not {threads}")
    return opener(opened, resolved(device), threads, alone, fine, cache)
