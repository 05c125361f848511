"""Front ends by the name a manifest gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from s2s_live.errors import ModelError
from s2s_live.features.changes import Notice
from s2s_live.features.log_mel import LogMel, LogMelConfig
from s2s_live.features.log_psd import LogPsd, LogPsdConfig


def open_front_end(config: Any, notice: Notice | None = None) -> LogMel | LogPsd:
    """A fresh stream of the front end that `config` describes: its `kind` and its numbers.

    `notice` is for log-mel windows.

    Raises ModelError for an unknown kind or impossible numbers.
    """
    if not isinstance(config, Mapping):
        raise ModelError("The front end is not described.", "Get the model folder again.")
    kind = config.get("kind")
    if kind == "log_mel":
        return LogMel(LogMelConfig.from_json(config), notice)
    if kind == "log_psd":
        return LogPsd(LogPsdConfig.from_json(config))
    raise ModelError(f"Unknown front end {kind!r}.", "Update s2s-live, or get the model folder again.")
