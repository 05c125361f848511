import numpy as np
import pytest
import soxr

from s2s_live.audio.resample import QUICK, StreamingResampler


def in_pieces(resampler, data, sizes):
    out, at = [], 0
    for size in sizes:
        out.append(resampler.process(data[at : at + size]))
        at += size
    out.append(resampler.process(data[at:], last=True))
    return np.concatenate(out)


@pytest.mark.parametrize("rates", [(44_100, 48_000), (16_000, 48_000), (48_000, 16_000), (96_000, 48_000)])
@pytest.mark.parametrize("channels", [1, 2])
def test_pieces_equal_the_whole(rates, channels):
    rng = np.random.default_rng(0)
    data = rng.standard_normal((rates[0] // 2, channels)).astype(np.float32)
    sizes = rng.integers(1, 700, 40)
    whole = soxr.resample(data, *rates, quality="HQ")
    pieces = in_pieces(StreamingResampler(*rates, channels), data, sizes)
    once = StreamingResampler(*rates, channels).process(data, last=True)
    assert np.array_equal(pieces, once)
    assert abs(len(pieces) - len(data) * rates[1] / rates[0]) <= 1
    assert np.abs(pieces[: len(whole)] - whole[: len(pieces)]).max() < 1e-4


def test_output_is_in_time_with_the_input():
    t = np.arange(44_100) / 44_100
    out = StreamingResampler(44_100, 48_000, 1).process(
        np.sin(2 * np.pi * 440 * t).astype(np.float32)[:, None], True
    )
    expected = np.sin(2 * np.pi * 440 * np.arange(len(out)) / 48_000)
    assert np.abs(out[2_000:-2_000, 0] - expected[2_000:-2_000]).max() < 1e-3


def test_equal_rates_pass_through_untouched():
    data = np.random.default_rng(0).standard_normal((100, 2)).astype(np.float32)
    assert np.array_equal(StreamingResampler(48_000, 48_000, 2).process(data), data)


def test_mono_arrays_without_a_channel_axis():
    assert StreamingResampler(48_000, 16_000, 1).process(np.zeros(4_800, np.float32), last=True).shape == (
        1_600,
    )


def test_the_quick_one_holds_nothing_back_and_is_clean():
    quick = StreamingResampler(44_100, 48_000, 1, QUICK)
    t = np.arange(44_100) / 44_100
    sound, parts, given = np.sin(2 * np.pi * 12_000 * t).astype(np.float32)[:, None], [], 0
    for end in range(441, 44_101, 441):
        parts.append(quick.process(sound[end - 441 : end]))
        given += len(parts[-1])
        assert end / 44_100 - given / 48_000 < 0.001
    out = np.concatenate(parts)[1_000:-1_000, 0]
    expected = np.sin(2 * np.pi * 12_000 * np.arange(1_000, 1_000 + len(out)) / 48_000)
    assert np.abs(out - expected).max() < 1e-3
