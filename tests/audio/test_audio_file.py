import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from waiting import wait_for

from s2s_live.audio.decode import Decoder
from s2s_live.audio.feed import Feed
from s2s_live.audio.file import FileSource
from s2s_live.audio.sources import open_source
from s2s_live.errors import AudioError


def noise(seconds, rate, channels=2, seed=0):
    return (np.random.default_rng(seed).standard_normal((round(seconds * rate), channels)) * 0.1).astype(
        np.float32
    )


def written(folder: Path, name: str, data, rate, **more) -> Path:
    path = folder / name
    soundfile.write(path, data, rate, **more)
    return path


@pytest.fixture
def playing():
    """Starts sources and stops them."""
    started = []

    def start(source):
        source.start()
        started.append(source)
        return source

    yield start
    for source in started:
        source.stop()


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_every_format_is_read_whole(tmp_path, name):
    t = np.arange(44_100) / 44_100
    path = written(tmp_path, name, 0.5 * np.sin(2 * np.pi * 440 * t), 44_100)
    decoder, parts = Decoder(path), []
    assert decoder.duration == pytest.approx(1.0, abs=0.06)
    while not decoder.ended:
        parts.append(decoder.read(0.013))
    expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
    assert np.array_equal(np.concatenate(parts), expected)
    assert np.sqrt(np.mean(expected[10_000:30_000] ** 2)) == pytest.approx(0.3536, rel=0.02)
    decoder.seek(0.5)
    assert np.array_equal(decoder.read(0.1), expected[22_050:26_460])


def test_pieces_at_another_rate_equal_the_whole(tmp_path):
    path = written(tmp_path, "a.wav", noise(0.5, 22_050), 22_050, subtype="FLOAT")
    pieces, once = [], Decoder(path, 48_000)
    while not once.ended:
        pieces.append(once.read(0.013))
    whole = Decoder(path, 48_000)
    together = [whole.read(10.0), whole.read(10.0)]
    assert np.array_equal(np.concatenate(pieces), np.concatenate(together))


def test_a_looped_decoder_has_no_seam(tmp_path):
    data = noise(0.1, 8_000, 1)
    decoder = Decoder(written(tmp_path, "a.wav", data, 8_000, subtype="FLOAT"), loop=True)
    parts = [decoder.read(0.03) for _ in range(20)]
    sound = np.concatenate(parts)
    repeats = -(-len(sound) // len(data))
    assert np.array_equal(sound, np.tile(data, (repeats, 1))[: len(sound)])


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"not sound at all" * 50, "cannot be read"), (None, "There is no file")],
)
def test_files_that_cannot_be_played_say_so(tmp_path, content, said):
    path = tmp_path / "broken.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AudioError, match=said) as error:
        open_source(f"file:{path}")
    assert error.value.hint


def test_a_wav_header_without_sound_is_refused(tmp_path, playing):
    path = written(tmp_path, "none.wav", np.zeros((0, 1), np.float32), 48_000)
    with pytest.raises(AudioError, match="holds no sound"):
        playing(FileSource(path))


def test_a_truncated_file_plays_as_far_as_it_goes(tmp_path, playing):
    path = written(tmp_path, "cut.flac", noise(2.0, 8_000, 1), 8_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = playing(FileSource(path, loop=False))
    assert wait_for(lambda: "damaged" in source.status(time.monotonic()).message)
    assert source.ring.written > 0


def test_real_time_and_its_end(tmp_path, playing):
    data = noise(0.6, 16_000)
    source = playing(FileSource(written(tmp_path, "a.wav", data, 16_000, subtype="FLOAT"), loop=False))
    began = time.monotonic()
    assert source.status(began).state == "running"
    assert source.duration == pytest.approx(0.6)
    assert wait_for(lambda: source.status(time.monotonic()).state == "ended")
    assert time.monotonic() - began > 0.5
    assert np.array_equal(source.ring.read(0, source.ring.written), data)
    assert source.position == pytest.approx(0.6)


def test_loop_seek_and_pause(tmp_path, playing):
    data = noise(3.0, 16_000)
    source = playing(FileSource(written(tmp_path, "a.wav", data, 16_000, subtype="FLOAT")))
    source.seek(2.0)
    assert wait_for(lambda: source.position >= 2.0)
    at = source.ring.written
    assert wait_for(lambda: source.ring.written > at + 4_000)
    heard = source.ring.read(at, at + 4_000)[:, 0]
    places = np.correlate(data[30_000:, 0], heard, "valid")
    assert np.argmax(places) + 30_000 == pytest.approx(2.0 * 16_000, abs=3_000)
    assert wait_for(lambda: source.position < 1.0), "the loop begins again"
    source.pause()
    time.sleep(0.05)
    held = source.position
    time.sleep(0.2)
    assert source.position == held
    assert source.status(time.monotonic()).state == "paused"
    source.resume()
    assert wait_for(lambda: source.position > held)


def test_it_starts_again_where_seek_pointed(tmp_path, playing):
    source = FileSource(written(tmp_path, "a.wav", noise(2.0, 8_000), 8_000))
    source.seek(1.5)
    playing(source)
    assert source.position >= 1.5
    source.stop()
    playing(source)
    assert source.position < 0.5


def test_without_its_output_it_plays_on(tmp_path, playing):
    source = playing(
        FileSource(written(tmp_path, "a.wav", noise(1.0, 8_000), 8_000), output="ALSA:no such output")
    )
    assert wait_for(lambda: source.ring.written > 4_000)
    status = source.status(time.monotonic())
    assert status.state == "running"
    assert "without being heard" in status.message
    source.output = None
    assert wait_for(lambda: not source.status(time.monotonic()).message)


def test_memory_stays_constant(tmp_path, playing):
    source = playing(FileSource(written(tmp_path, "a.wav", noise(20.0, 48_000), 48_000)))
    assert source.ring.capacity <= 4 * 48_000


def test_through_the_feed(tmp_path):
    feed = Feed(seconds=5.0)
    feed.start()
    data = noise(0.5, 44_100)
    feed.play(open_source(f"file:{written(tmp_path, 'a.wav', data, 44_100)}", loop=False))
    assert wait_for(lambda: feed.status(time.monotonic()).state == "ended")
    assert feed.status(time.monotonic()).message == "a.wav has come to its end."
    program = feed.program.read(feed.program.oldest(), feed.program.written)
    feed.stop()
    assert np.sum(program.astype(float) ** 2) == pytest.approx(
        np.sum(data.astype(float) ** 2) * 48_000 / 44_100, rel=0.1
    )


def test_what_is_no_number_does_not_reach_the_loudspeaker(tmp_path, playing):
    data = np.full((48_000, 1), 0.5, np.float32)
    data[::7] = np.nan
    data[::11] = np.inf
    source = playing(FileSource(written(tmp_path, "bad.wav", data, 48_000, subtype="FLOAT")))
    out = np.full((512, 2), 9.0, np.float32)
    source._fill(out, time.monotonic())
    assert set(np.unique(out)) == {0.0, 0.5}
