"""A live show with real threads, replayed: the determinism contract."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from waiting import wait_for

from s2s_live.audio.feed import Feed
from s2s_live.audio.synthetic import ArraySource
from s2s_live.engines.registry import open_engine
from s2s_live.engines.sound2scene.model import load_model, write_model
from s2s_live.engines.sound2scene.tiny import write_tiny_model
from s2s_live.features.log_psd import LogPsdConfig
from s2s_live.live.attention import HEARD_EVERY_S
from s2s_live.live.listener import HEAR_DELAY_TICKS
from s2s_live.live.memory import NO_PINS, pin_of, recalled, released
from s2s_live.live.offline import render, replay, replay_states
from s2s_live.live.session import Session
from s2s_live.store.folder import ModelFolder
from s2s_live.timeline import PROGRAM_RATE, TICK

WORLD = Path(__file__).parents[2] / "models" / "world"
SECONDS = 4.0
PATIENCE_S = 60.0


VALUES = {"attack": 0.1, "tween": 0.0}
"""What lies between key frames is no part of a log."""


def changing_sound(seconds=SECONDS, seed=3):
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * PROGRAM_RATE)) / PROGRAM_RATE
    tone = 0.2 * np.sin(2 * np.pi * 440 * t) * (t % 1.0 < 0.5)
    return (tone + 0.05 * rng.standard_normal(len(t)) * (t > seconds / 2)).astype(np.float32)


@pytest.fixture(scope="module")
def show(engine):
    """A live show: its log, the programme it heard, and the frames it painted."""
    feed = Feed()
    frames = []
    session = Session(engine, feed, seed=11, fps=25, keep_log=True, values=VALUES)
    session.add_sink(frames.append)
    feed.play(ArraySource(changing_sound(), PROGRAM_RATE))
    feed.start()
    session.start()
    try:
        time.sleep(SECONDS / 2)
        session.set_control("motion", 2.0)
        session.set_control("variation", 3)
        time.sleep(SECONDS / 2)
    finally:
        session.stop()
        ended = session.hearing.join(PATIENCE_S) and session.painting.join(PATIENCE_S)
        feed.stop()
    assert ended
    return session.log, feed.program.read(0, feed.program.written), frames


def test_replay_is_bit_equal(engine, show):
    log, sound, frames = show
    assert len(frames) > 50
    assert len(log.changes) == 2
    again = dict(replay(engine, iter((sound,)), log))
    assert [frame.position for frame in frames] == list(log.frames) == list(again)
    for frame in frames:
        assert (again[frame.position] == frame.picture).all(), frame.index


def test_replay_does_not_depend_on_how_the_sound_is_cut(engine, show):
    log, sound, _ = show
    wanted = log.frames[::5]
    whole = list(replay_states(engine, iter((sound,)), log, wanted))
    pieces = (sound[i : i + 1111] for i in range(0, len(sound), 1111))
    for a, b in zip(whole, replay_states(engine, pieces, log, wanted), strict=True):
        assert (a.latent == b.latent).all()
        assert (a.displacement == b.displacement).all()


@pytest.fixture(scope="module")
def pinned_show(engine):
    """A live show that begins with a pin that has a z, fills another slot, mixes, recalls, empties one."""
    feed, frames = Feed(), []
    scene = pin_of(engine.silence(), np.zeros((8, 8, 3), np.uint8), engine.spec.model_hash)
    z = np.linspace(-2.0, 2.0, engine.spec.z_size, dtype=np.float32)
    pins = (replace(scene, z=z), *NO_PINS[1:])
    session = Session(engine, feed, seed=7, fps=25, keep_log=True, values=VALUES, pins=pins)
    session.add_sink(frames.append)
    feed.play(ArraySource(changing_sound(), PROGRAM_RATE))
    feed.start()
    session.start()

    def after(count):
        assert wait_for(lambda: len(frames) >= count)

    try:
        after(15)
        session.set_control("pin_1", 0.5)
        after(25)
        session.memory.put(5, session.pin_now())
        after(35)
        for name, value in recalled(5).items():
            session.set_control(name, value)
        after(45)
        session.memory.put(5, None)
        after(55)
        for name, value in released().items():
            session.set_control(name, value)
        after(65)
    finally:
        session.stop()
        ended = session.hearing.join(PATIENCE_S) and session.painting.join(PATIENCE_S)
        feed.stop()
    assert ended
    return session.log, feed.program.read(0, feed.program.written), frames


def test_a_replay_with_pins_is_bit_equal(engine, pinned_show):
    log, sound, frames = pinned_show
    assert log.pins[0] is not None
    assert [slot for _, slot, _ in log.pinned] == [5, 5]
    (tick, _, pin), (emptied, _, nothing) = log.pinned
    assert log.start_tick < tick < emptied < frames[-1].position // TICK
    assert pin is not None
    assert nothing is None
    again = dict(replay(engine, iter((sound,)), log))
    for frame in frames:
        assert (again[frame.position] == frame.picture).all(), frame.index


def test_a_replay_needs_the_pins_and_the_moments_they_were_set(engine, pinned_show):
    log, sound, frames = pinned_show
    positions = [frame.position for frame in frames]
    right = list(replay_states(engine, iter((sound,)), log, positions))
    for frame, state in zip(frames, right, strict=True):
        assert (frame.scene.latent == state.latent).all()
    tick = log.pinned[0][0]
    for wrong in (replace(log, pins=NO_PINS), replace(log, pinned=[])):
        other = list(replay_states(engine, iter((sound,)), wrong, positions))
        differs = [
            state.position // TICK
            for state, changed in zip(right, other, strict=True)
            if not (state.latent == changed.latent).all()
        ]
        assert differs
        assert wrong.pins is NO_PINS or min(differs) > tick


def test_a_replay_needs_the_z_of_the_pins(engine, pinned_show):
    log, sound, frames = pinned_show
    turned = next(tick for tick, name, _ in log.changes if name == "pin_1")
    positions = [frame.position for frame in frames]
    right = replay_states(engine, iter((sound,)), log, positions)
    without = replace(log, pins=(replace(log.pins[0], z=None), *log.pins[1:]))
    other = replay_states(engine, iter((sound,)), without, positions)
    differs = [a.position // TICK for a, b in zip(right, other, strict=True) if not (a.z == b.z).all()]
    assert len(differs) > 10
    assert min(differs) > turned


def test_pins_are_rendered_offline_as_they_are_live(engine):
    sound = np.repeat(changing_sound(1.0)[:, None], 2, axis=1)
    made = pin_of(engine.silence(), np.zeros((8, 8, 3), np.uint8), engine.spec.model_hash)
    pins = (made, *NO_PINS[1:])

    def shown(**words):
        return [picture for _, picture in render(engine, iter((sound,)), seed=5, fps=10, **words)]

    plain = shown()
    assert all((a == b).all() for a, b in zip(plain, shown(pins=pins), strict=True)), "at rest"
    recalling = shown(pins=pins, values=recalled(1))
    assert any((a != b).any() for a, b in zip(plain, recalling, strict=True))


def test_another_window_is_heard_live_and_again_in_the_replay(tmp_path):
    model = load_model(ModelFolder.open(write_tiny_model(tmp_path / "tiny")))
    config = replace(model.config, front_end=LogPsdConfig(400))
    folder = tmp_path / "psd"
    write_model(folder, replace(model, config=config), name="psd", licence="MIT", trained={})
    engine = open_engine(folder)
    assert [control.name for control in engine.spec.controls if control.hearing] == ["window", "floor"]
    feed, frames = Feed(seconds=4 * PATIENCE_S), []
    session = Session(engine, feed, seed=2, fps=10, keep_log=True, values={"tween": 0.0})
    session.add_sink(frames.append)
    feed.play(ArraySource(changing_sound(), PROGRAM_RATE, loop=True))
    feed.start()
    session.start()

    def heard_with(window):
        return any(controls["window"] == window for _, controls in session.log.heard_with)

    try:
        for window in (0, 1, 2):
            session.set_control("window", window)
            assert wait_for(lambda window=window: heard_with(window))
            seen = len(frames)
            assert wait_for(lambda seen=seen: len(frames) > seen + 8)
    finally:
        session.stop()
        feed.stop()
    again = dict(replay(engine, iter((feed.program.read(0, feed.program.written),)), session.log))
    assert all((again[frame.position] == frame.picture).all() for frame in frames)
    engine.close()


def test_a_sound_that_is_noticed_between_hearings_is_noticed_again_in_the_replay():
    engine = open_engine(WORLD)
    assert engine.spec.hop_s < HEARD_EVERY_S
    feed, frames = Feed(), []
    session = Session(engine, feed, seed=2, fps=10, keep_log=True, values={"tween": 0.0})
    session.add_sink(frames.append)
    hum = 0.05 * np.sin(np.arange(2 * PROGRAM_RATE) * 2 * np.pi * 120 / PROGRAM_RATE)
    hiss = 0.05 * np.random.default_rng(0).standard_normal(2 * PROGRAM_RATE)
    feed.play(ArraySource(np.concatenate([hum, hiss]).astype(np.float32), PROGRAM_RATE))
    feed.start()
    session.start()
    try:
        time.sleep(3.5)
        seen = session.status(time.monotonic())
    finally:
        session.stop()
        feed.stop()
    assert len(session.log.hops) > 1.5 * session.hearing.meter.count, "two looks to a hearing"
    assert seen.hear_hz < 1.2 / HEARD_EVERY_S
    again = dict(replay(engine, iter((feed.program.read(0, feed.program.written),)), session.log))
    assert all((again[frame.position] == frame.picture).all() for frame in frames)
    engine.close()


def test_where_no_hop_was_skipped_the_live_log_is_the_offline_plan(engine, show):
    log, _, _ = show
    hop_ticks = round(engine.spec.hop_s * PROGRAM_RATE) // TICK
    hops = [hop for hop, _ in log.hops]
    consecutive = [(hop, tick) for hop, tick in log.hops if hop - 1 in hops or hop == log.first_hop]
    in_time = [(hop, tick) for hop, tick in consecutive if tick == (hop + 1) * hop_ticks + HEAR_DELAY_TICKS]
    assert len(in_time) >= 0.5 * len(log.hops), "a hearing in time takes effect at the tick of the plan"


def test_frames_carry_when_their_sound_was_captured(show):
    _, _, frames = show
    ages = [frame.painted - frame.captured for frame in frames[10:]]
    assert min(ages) > 0
    assert np.median(ages) < 0.25


def test_offline_frames_stand_on_the_grid_and_repeat_exactly(engine):
    sound = np.repeat(changing_sound(2.0)[:, None], 2, axis=1)
    first = list(render(engine, iter((sound,)), seed=5, fps=10))
    second = list(render(engine, (sound[i : i + 999] for i in range(0, len(sound), 999)), seed=5, fps=10))
    assert [position for position, _ in first] == [j * 4800 for j in range(21)]
    assert all((a[1] == b[1]).all() for a, b in zip(first, second, strict=True))
    other = list(render(engine, iter((sound,)), seed=6, fps=10))
    assert any((a[1] != b[1]).any() for a, b in zip(first, other, strict=True))
