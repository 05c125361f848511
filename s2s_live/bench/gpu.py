"""How fast Sound2Scene's official networks run on a GPU, batch 1: from a hop of sound to a picture."""

from __future__ import annotations

import time

import numpy as np

from s2s_live.bench.compare import HOP_S, open_pair, swelling_noise
from s2s_live.engines.devices import AUTO, resolved
from s2s_live.engines.sound2scene.levels import tone_curve
from s2s_live.features.log_psd import SAMPLE_RATE, LogPsd, LogPsdConfig

ROUNDS, WARM_UPS = 500, 20


def gpu_figures(threads: int) -> dict[str, object] | None:
    """`measure` on the GPU that a show would take; None where there is none."""
    device = resolved(AUTO)
    return None if device == "cpu" else measure(device, threads)


def measure(device: str, threads: int, rounds: int = ROUNDS) -> dict[str, object]:
    """Pictures per second from sound on, one after the other, and the milliseconds that hearing and painting
    take of that."""
    pair = open_pair(threads, reduced=True, device=device)
    stream, sound, hop = LogPsd(LogPsdConfig()), swelling_noise(), round(HOP_S * SAMPLE_RATE)
    stream.push(sound)
    tone, begun, networks = tone_curve(), 0.0, []
    for index in range(-WARM_UPS, rounds):
        if index == 0:
            begun = time.perf_counter()
        stream.push(sound[:hop])
        window = stream.window()[None]
        heard_at = time.perf_counter()
        pair.painting.run(pair.z, pair.hearing.run(window), tone)
        networks.append(time.perf_counter() - heard_at)
    seconds = time.perf_counter() - begun
    middle, late = (1e3 * float(np.percentile(networks[WARM_UPS:], share)) for share in (50, 95))
    return {
        "device": _describe(device),
        "pictures_per_s": round(rounds / seconds, 1),
        "hear_paint_ms": {"p50": round(middle, 2), "p95": round(late, 2)},
        "runtime": {"hearing": pair.hearing.name, "painting": pair.painting.name},
        "threads": threads,
    }


def _describe(device: str) -> dict[str, object]:
    import torch

    if not device.startswith("cuda"):
        return {"name": device}
    return {
        "name": torch.cuda.get_device_name(device),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
    }
