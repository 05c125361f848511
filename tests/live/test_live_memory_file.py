"""Pins outlive the show: written whole or not at all, read without running anything, never lost."""

import errno
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from s2s_live.engines.base import EngineSpec, Target
from s2s_live.errors import PinError
from s2s_live.live.memory import NO_PINS, SLOTS, pin_of
from s2s_live.live.memory_file import DamagedError, check_model, read_pins, write_pins
from s2s_live.live.memory_keeper import MemoryKeeper
from s2s_live.store.places import user_memory

HASH = "0123456789ab"
SIZE = (64, 64)
SPEC = EngineSpec(
    "sound2scene", "m", HASH, 16000, 1.0, 0.1, SIZE, (SIZE,), 8, 6, 3, ("rain",), (), 0, 0, "t", 1
)


def pin(seed, name="", model_hash=HASH):
    rng = np.random.default_rng(seed)
    latent = rng.standard_normal(8)
    scene = Target(
        (latent / np.linalg.norm(latent)).astype(np.float32),
        rng.standard_normal((3, 2)).astype(np.float32),
        "rain",
        0.5,
    )
    picture = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return replace(pin_of(scene, picture, model_hash), name=name)


def slots(**held):
    return tuple(held.get(f"s{slot}") for slot in range(1, SLOTS + 1))


def found(seed, name=""):
    """A pin made from a picture, with a z of its own."""
    rng = np.random.default_rng(seed)
    original = rng.integers(0, 256, (96, 96, 3), dtype=np.uint8)
    return replace(pin(seed, name), z=rng.standard_normal(6).astype(np.float32), original=original)


PINS = slots(s1=pin(1, "Dawn \u2013 \u97f3"), s4=found(3, "Holiday"), s6=pin(2))


def same(a, b):
    """Whether both memories hold the same, to the bit."""
    for one, other in zip(a, b, strict=True):
        if (one is None) != (other is None):
            return False
        if one is not None and other is not None:
            parts = ("latent", "flow", "picture", "z", "original")
            pairs = [(getattr(one, part), getattr(other, part)) for part in parts]
            arrays = all((a is None) == (b is None) and (a is None or (a == b).all()) for a, b in pairs)
            words = (one.name, one.family, one.model_hash) == (other.name, other.family, other.model_hash)
            if not (arrays and words):
                return False
    return True


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "show.s2smemory"


# --- files


def test_a_file_gives_back_every_bit(path):
    write_pins(path, "m", HASH, PINS)
    kept = read_pins(path)
    assert (kept.model, kept.model_hash) == ("m", HASH)
    assert same(check_model(kept, SPEC), PINS)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name], "nothing is left beside it"


def test_an_empty_memory_can_be_kept(path):
    write_pins(path, "m", HASH, NO_PINS)
    assert read_pins(path).pins == NO_PINS


def spoilt(content, **changed):
    """The file with other tensors or other text in its metadata."""
    length = int.from_bytes(content[:8], "little")
    text = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["pins"])
    tensors = load(content) | changed.pop("tensors", {})
    return save(tensors, {"pins": json.dumps(text | changed)})


SPOILS = {
    "empty": lambda content: content[:0],
    "cut": lambda content: content[: len(content) // 2],
    "header cut": lambda content: content[:9],
    "noise": lambda content: content[::-1],
    "zip": lambda content: b"PK\x03\x04" + content,
    "no text": lambda content: save(load(content)),
    "text is no table": lambda content: save(load(content), {"pins": "[1]"}),
    "text is no JSON": lambda content: save(load(content), {"pins": "{"}),
    "slot without tensors": lambda content: spoilt(content, slots={"2": {"name": "", "family": ""}}),
    "ninth slot": lambda content: spoilt(content, slots={"9": {"name": "", "family": ""}}),
    "not a scene": lambda content: spoilt(content, tensors={"1.latent": np.zeros(8, np.float32)}),
    "not a z": lambda content: spoilt(content, tensors={"4.z": np.full(6, np.nan, np.float32)}),
    "not an original": lambda content: spoilt(content, tensors={"4.original": np.zeros(3, np.uint8)}),
    "version is text": lambda content: spoilt(content, version="1"),
    "newer version": lambda content: spoilt(content, version=99),
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_a_damaged_file_is_named_and_left_as_it_is(path, spoil):
    write_pins(path, "m", HASH, PINS)
    content = spoil(path.read_bytes())
    path.write_bytes(content)
    with pytest.raises(DamagedError) as said:
        check_model(read_pins(path), SPEC)
    assert path.name in said.value.message
    assert said.value.hint
    assert path.read_bytes() == content


def test_a_file_of_the_first_version_is_read(path):
    plain = slots(s1=pin(1, "Dawn"), s6=pin(2))
    write_pins(path, "m", HASH, plain)
    path.write_bytes(spoilt(path.read_bytes(), version=1))
    assert same(check_model(read_pins(path), SPEC), plain)


def test_a_file_with_another_z_is_refused(path):
    write_pins(path, "m", HASH, PINS)
    with pytest.raises(PinError, match="do not fit"):
        check_model(read_pins(path), replace(SPEC, z_size=7))


def test_another_models_file_is_refused_by_both_names(path):
    write_pins(path, "ocean", "f" * 12, slots(s1=pin(1, model_hash="f" * 12)))
    with pytest.raises(PinError, match="made with ocean; the model that is open is m") as said:
        check_model(read_pins(path), SPEC)
    assert "Open ocean first" in said.value.hint
    with pytest.raises(PinError, match="another version of m"):
        check_model(replace(read_pins(path), model="m"), SPEC)


def test_a_file_that_lies_about_its_model_is_refused(path):
    write_pins(path, "m", HASH, PINS)
    with pytest.raises(PinError, match="do not fit"):
        check_model(read_pins(path), replace(SPEC, latent_size=16))


def test_a_file_that_is_not_there_is_said(path):
    with pytest.raises(PinError, match="cannot be read"):
        read_pins(path)


def fail_with(number):
    def refuse(*_args, **_words):
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("step", ["os.fsync", "tempfile.mkstemp"])
@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "disk is full"), (errno.EACCES, "cannot be wr")]
)
def test_what_cannot_be_written_is_said_and_the_old_file_stays(path, monkeypatch, step, number, words):
    write_pins(path, "m", HASH, PINS)
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(f"s2s_live.live.memory_file.{step}", fail_with(number))
        with pytest.raises(PinError, match=words) as said:
            write_pins(path, "m", HASH, NO_PINS)
    assert said.value.hint
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE")
def test_a_disk_that_fills_up_in_the_middle_leaves_the_old_file(path):
    import resource
    import signal

    write_pins(path, "m", HASH, slots(s1=pin(1)))
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before), limits[1]))
        with pytest.raises(PinError, match="disk is full"):
            write_pins(path, "m", HASH, PINS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


# --- from one show to the next


def test_the_folder_can_be_named(monkeypatch, tmp_path):
    assert user_memory().name == "memory"
    monkeypatch.setenv("S2S_LIVE_MEMORY", str(tmp_path))
    assert user_memory() == tmp_path


def test_pins_come_back_after_a_restart_for_their_own_model(tmp_path):
    keeper = MemoryKeeper(tmp_path)
    assert keeper.open(SPEC) == (NO_PINS, None)
    other = replace(SPEC, model="n", model_hash="e" * 12)
    keeper.note(SPEC, PINS)
    keeper.note(other, slots(s2=pin(5, model_hash=other.model_hash)))
    keeper.save()
    again = MemoryKeeper(tmp_path)
    found, trouble = again.open(SPEC)
    assert trouble is None
    assert same(found, PINS)
    assert same(again.open(other)[0], slots(s2=pin(5, model_hash=other.model_hash)))


def test_going_back_to_a_model_finds_what_is_not_written_yet(tmp_path):
    keeper = MemoryKeeper(tmp_path)
    keeper.open(SPEC)
    keeper.note(SPEC, PINS)
    assert keeper.open(SPEC)[0] is PINS
    assert not keeper.path(HASH).exists()


def test_two_programs_leave_each_other_their_slots(tmp_path):
    mine, theirs = MemoryKeeper(tmp_path), MemoryKeeper(tmp_path)
    for keeper in (mine, theirs):
        keeper.open(SPEC)
    for keeper, pins in ((mine, slots(s1=pin(1), s2=pin(2))), (theirs, slots(s5=pin(3)))):
        keeper.note(SPEC, pins)
        keeper.save()
    assert same(MemoryKeeper(tmp_path).open(SPEC)[0], slots(s1=pin(1), s2=pin(2), s5=pin(3)))
    mine.note(SPEC, slots(s2=mine.open(SPEC)[0][1]))
    mine.save()
    assert same(MemoryKeeper(tmp_path).open(SPEC)[0], slots(s2=pin(2), s5=pin(3)))


def test_a_file_that_goes_or_breaks_meanwhile_is_written_again(tmp_path):
    keeper = MemoryKeeper(tmp_path)
    keeper.open(SPEC)
    keeper.note(SPEC, PINS)
    keeper.save()
    for spoil in (keeper.path(HASH).unlink, lambda: keeper.path(HASH).write_bytes(b"broken")):
        spoil()
        keeper.note(SPEC, (*PINS[:7], pin(9)))
        keeper.save()
        assert same(MemoryKeeper(tmp_path).open(SPEC)[0], (*PINS[:7], pin(9)))
    assert [path.read_bytes() for path in tmp_path.glob("*.damaged*")] == [b"broken"]


def test_a_damaged_memory_is_set_aside_and_nothing_is_lost(tmp_path):
    garbage = [b"first", b"second"]
    for number, content in enumerate(garbage):
        keeper = MemoryKeeper(tmp_path)
        keeper.path(HASH).write_bytes(content)
        found, trouble = keeper.open(SPEC)
        assert found == NO_PINS
        assert "m cannot be read" in trouble.message
        kept = Path(trouble.hint.removeprefix("The file was kept as ").removesuffix("."))
        assert kept.read_bytes() == content, number
        keeper.note(SPEC, PINS)
        keeper.save()
        assert same(MemoryKeeper(tmp_path).open(SPEC)[0], PINS)
    assert sorted(entry.read_bytes() for entry in tmp_path.glob("*.damaged*")) == garbage


def test_what_can_be_neither_read_nor_moved_is_not_written_over(tmp_path, monkeypatch):
    keeper = MemoryKeeper(tmp_path)
    keeper.path(HASH).write_bytes(b"precious")
    monkeypatch.setattr(Path, "rename", fail_with(errno.EACCES))
    _, trouble = keeper.open(SPEC)
    assert "not saved meanwhile" in trouble.message
    keeper.note(SPEC, PINS)
    with pytest.raises(PinError, match="not saved meanwhile"):
        keeper.save()
    assert keeper.path(HASH).read_bytes() == b"precious"


def test_after_a_full_disk_the_next_save_writes_it(tmp_path, monkeypatch):
    keeper = MemoryKeeper(tmp_path)
    keeper.open(SPEC)
    keeper.note(SPEC, PINS)
    with monkeypatch.context() as patch:
        patch.setattr("s2s_live.live.memory_file.os.fsync", fail_with(errno.ENOSPC))
        with pytest.raises(PinError, match="disk is full"):
            keeper.save()
    assert keeper.open(SPEC)[0] is PINS, "the show goes on with them"
    keeper.save()
    assert same(MemoryKeeper(tmp_path).open(SPEC)[0], PINS)
