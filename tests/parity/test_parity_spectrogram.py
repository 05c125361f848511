"""The log-PSD front end against spectrograms made by the official code.

Runs where S2S_REFERENCE names a folder of references with `sound2scene/` in it, or the latter itself.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from s2s_live.features.log_psd import LogPsd, LogPsdConfig, official_log_psd

GIVEN = Path(os.environ.get("S2S_REFERENCE", "nowhere"))
REFERENCE = GIVEN / "sound2scene" if (GIVEN / "sound2scene").is_dir() else GIVEN
pytestmark = pytest.mark.skipif(
    not (REFERENCE / "golden.npz").is_file(),
    reason="S2S_REFERENCE names no folder with sound2scene/golden.npz",
)


@pytest.fixture(scope="module")
def golden():
    with np.load(REFERENCE / "golden.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files if name.startswith("audio/")}


@pytest.fixture(scope="module")
def clips(golden):
    one_second = golden["audio/one_second/wave"] / 32768.0
    file10s, rate = soundfile.read(REFERENCE / "file10s.wav", dtype="float64")
    assert rate == 16_000
    return {
        "file10s": file10s,
        "one_second": one_second,
        "short_0p3s": one_second[:4800],
        "silence": np.zeros(16_000),
        "overload": golden["audio/overload/wave"].astype(np.float64),
        "mix": one_second + file10s[:16_000],
    }


def sampled(array, length):
    """Evenly spaced flat samples, as long arrays are stored."""
    flat = array.ravel()
    return flat if length == flat.size else flat[(np.arange(length) * (flat.size - 1)) // (length - 1)]


def cases(golden):
    return sorted({name.split("/")[1] for name in golden if name.endswith("/spec")})


def test_every_case_of_the_official_code(golden, clips):
    names = cases(golden)
    assert len(names) >= 6
    for name in names:
        clip = clips["one_second"] * float(name[5:]) if name.startswith("gain_") else clips[name]
        ours = official_log_psd(clip)
        theirs = golden[f"audio/{name}/spec"]
        tolerance = 1e-4 if name == "silence" else 5e-6
        shape = golden.get(f"audio/{name}/spec.shape")
        assert shape is None or tuple(shape) == ours.shape, name
        np.testing.assert_allclose(sampled(ours, theirs.size), theirs.ravel(), atol=tolerance, err_msg=name)
        for row, values in {
            "first_frame": ours[:, 0],
            "last_frame": ours[:, -1],
            "dc_row": ours[0],
            "nyquist_row": ours[-1],
        }.items():
            key = f"audio/{name}/{row}"
            if key in golden:
                np.testing.assert_allclose(
                    sampled(values, golden[key].size), golden[key], atol=tolerance, err_msg=key
                )


def test_the_stream_of_ten_seconds_is_the_official_spectrogram(golden, clips):
    samples = clips["file10s"][:160_000].astype(np.float32)
    stream = LogPsd(LogPsdConfig())
    for at in range(0, len(samples), 1600):
        stream.push(samples[at : at + 1600])
    theirs = golden["audio/file10s/spec"]
    np.testing.assert_allclose(sampled(stream.window()[0], theirs.size), theirs.ravel(), atol=1e-4)
