"""Tapes: sounds of known families that follow one another, to learn from how one ends and another begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from s2s_live.features.stream import Floats
from s2s_live.training.audio_eval import GATE_DB
from s2s_live.training.audio_rooms import in_room, varied
from s2s_live.training.recordings import Clip
from s2s_live.world.families import FAMILY_IDS
from s2s_live.world.sounds import synthesise
from s2s_live.world.sounds_dsp import SAMPLE_RATE, loud_from, samples_of

SILENCE = "silence"
"""Shows know it by its level: it is on no tape."""
PART_S = (3.5, 7.0)
"""How long a sound lasts before the next."""
LEVEL_DB = (-40.0, -20.0)
EVEN = 0.6
"""Share of the tapes on which all sounds are as loud: a change must be heard without a step in loudness."""
VARIED = {"synthesised": 0.35, "recorded": 0.6}
"""Share of the sounds that are given another speed or a room of their own."""
IN_ROOM = 0.35
"""Share of the tapes that sound in one room: there the sound before dies away under the next."""
PROMPT, LULL_S = 0.7, 3.0
"""Share of the sounds that begin where they can be heard, and how much is left out for it at the most."""
FADED, FADE_S = 0.35, (0.01, 0.15)
"""Share of the sounds that are faded over from the one before, and for how long."""
PAUSED, PAUSE_S = 0.3, (0.15, 0.7)
"""Share of the sounds that pause within, and for how long."""
APART, APART_S = 0.15, (0.1, 2.0)
"""Share of the sounds before which nothing is heard, and for how long."""
BEDDED, BED_DB, BED_S = 0.7, (-85.0, -50.0), 10.0
"""Share of the tapes under which a room's own noise lies, how loud, and after how long it repeats: what
remains when a sound stops is not another sound."""
BED_SLOPE, LOWEST_HZ = (0.0, 1.0), 20.0
"""Its amplitude falls with this power of the frequency, white to brown, from there on."""
STEP_EVERY_S, STEP_DB = 5.0, (-12.0, 14.0)
STEP_STAYS, STEP_S = 0.3, (0.1, 0.8)
"""Loudness steps within a sound: how often, by how much; the share that stays, and for how long the others
last."""


@dataclass(frozen=True)
class Part:
    """One sound of a tape."""

    samples: Floats
    right: frozenset[str]
    """The families that it is of."""


@dataclass(frozen=True)
class Tape:
    """Sounds joined."""

    samples: Floats
    starts: tuple[int, ...]
    """Where each begins; the first is 0."""


def levelled(samples: Floats, rng: np.random.Generator) -> Floats:
    """At a random level of `LEVEL_DB`, and clipped as the input is."""
    return np.clip(at_level(samples, rng.uniform(*LEVEL_DB)), -1.0, 1.0)


def at_level(samples: Floats, level_db: float) -> Floats:
    """With that RMS level in dBFS, whatever peaks it takes."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    loud: Floats = (samples * np.float32(10.0 ** (level_db / 20.0) / max(rms, 1e-9))).astype(np.float32)
    return loud


def synthesised(seed: int, parts: int) -> list[Part]:
    """So many synthesised sounds, each of another family than the one before."""
    rng = np.random.default_rng(seed)
    made, before = [], SILENCE
    for index in range(parts):
        before = str(rng.choice([name for name in FAMILY_IDS if name not in {before, SILENCE}]))
        sound = synthesise(before, float(rng.uniform(0.3, 0.9)), 1000 * seed + index, rng.uniform(*PART_S))
        made.append(Part(levelled(sound, rng), frozenset([before])))
    return made


def recorded(clips: Sequence[Clip], seed: int, parts: int) -> list[Part]:
    """Pieces of recordings, every family as often; fewer where no clip may follow the last."""
    rng = np.random.default_rng(seed)
    made: list[Part] = []
    for _ in range(parts):
        apart = (made[-1].right if made else frozenset()) | {SILENCE}
        eligible = [clip for clip in clips if not apart & set(clip.families)]
        if not eligible:
            break
        family = rng.choice(sorted({clip.family for clip in eligible}))
        of_it = [clip for clip in eligible if clip.family == family]
        clip = of_it[rng.integers(len(of_it))]
        length = min(len(clip.samples), round(rng.uniform(*PART_S) * SAMPLE_RATE))
        start = rng.integers(len(clip.samples) - length + 1)
        piece = clip.samples[start : start + length]
        power = float(np.mean(np.square(piece, dtype=np.float64)))
        if 10.0 * np.log10(power + 1e-12) >= GATE_DB:
            made.append(Part(levelled(piece, rng), frozenset(clip.families)))
    return made


def joined(parts: Sequence[Part], rng: np.random.Generator, share_varied: float) -> Tape:
    """The parts as a show might hear them: in rooms, with pauses, steps in loudness, faded over or not."""
    level = rng.uniform(*LEVEL_DB) if rng.random() < EVEN else None
    made: list[Floats] = []
    starts: list[int] = []
    end = 0
    for part in parts:
        samples = _performed(part.samples, rng, share_varied, level)
        gap = samples_of(rng.uniform(*APART_S)) if made and rng.random() < APART else 0
        fade = samples_of(rng.uniform(*FADE_S)) if made and not gap and rng.random() < FADED else 0
        if fade:
            fade = min(fade, len(samples) // 2, len(made[-1]) // 2)
            made[-1], samples = _faded(made[-1], samples, fade)
        starts.append(end + gap - fade + fade // 2)
        made += [np.zeros(gap, np.float32), samples] if gap else [samples]
        end += gap + len(samples) - fade
    tape = np.concatenate(made)
    if rng.random() < IN_ROOM:
        tape = in_room(tape, rng)
    if rng.random() < BEDDED:
        tape = tape + _bed(len(tape), rng)
    return Tape(np.clip(tape, -1.0, 1.0).astype(np.float32), tuple(starts))


def _performed(samples: Floats, rng: np.random.Generator, share_varied: float, level: float | None) -> Floats:
    """One sound, with what happens within it."""
    if rng.random() < share_varied:
        samples = varied(samples, rng)
    if rng.random() < PROMPT:
        start = min(loud_from(samples), samples_of(LULL_S))
        samples = samples[start if len(samples) - start > samples_of(1.5) else 0 :]
    samples = at_level(samples, rng.uniform(*LEVEL_DB) if level is None else level)
    for _ in range(rng.poisson(len(samples) / SAMPLE_RATE / STEP_EVERY_S)):
        begin = int(rng.integers(len(samples)))
        stop = None if rng.random() < STEP_STAYS else begin + samples_of(rng.uniform(*STEP_S))
        samples[begin:stop] *= np.float32(10.0 ** (rng.uniform(*STEP_DB) / 20.0))
    if rng.random() < PAUSED:
        length = samples_of(rng.uniform(*PAUSE_S))
        begin = int(rng.integers(max(len(samples) - length, 1)))
        samples[begin : begin + length] = 0.0
    return samples


def _faded(before: Floats, after: Floats, fade: int) -> tuple[Floats, Floats]:
    """Both, the first without its end, which the second begins with; powers are added."""
    share = np.linspace(0.0, 1.0, fade, dtype=np.float32)
    both = before[len(before) - fade :] * np.sqrt(1.0 - share) + after[:fade] * np.sqrt(share)
    return before[: len(before) - fade], np.concatenate([both, after[fade:]])


def _bed(length: int, rng: np.random.Generator) -> Floats:
    """A room's own noise: white to brown."""
    spectrum = np.fft.rfft(rng.standard_normal(samples_of(BED_S)))
    hertz = np.maximum(np.fft.rfftfreq(samples_of(BED_S), 1.0 / SAMPLE_RATE), LOWEST_HZ)
    noise = np.fft.irfft(spectrum * hertz ** -rng.uniform(*BED_SLOPE)).astype(np.float32)
    return np.resize(at_level(noise, rng.uniform(*BED_DB)), length)
