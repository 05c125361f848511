"""The log-PSD front end against spectrograms made by the official code."""

import numpy as np
import pytest
import soundfile

from s2s_live.features.log_psd import LogPsd, LogPsdConfig, official_log_psd


@pytest.fixture(scope="module")
def clips(reference):
    one_second = reference.golden["audio/one_second/wave"] / 32768.0
    file10s, rate = soundfile.read(reference.root / "file10s.wav", dtype="float64")
    assert rate == 16_000
    return {
        "file10s": file10s,
        "one_second": one_second,
        "short_0p3s": one_second[:4800],
        "silence": np.zeros(16_000),
        "overload": reference.golden["audio/overload/wave"].astype(np.float64),
        "mix": one_second + file10s[:16_000],
    }


def test_every_case_of_the_official_code(reference, clips):
    keys = [key for key in reference.keys("audio/") if not key.endswith("/wave")]
    names = {key.split("/")[1] for key in keys}
    assert len(names) >= 6
    assert len(keys) > len(names)
    for name in sorted(names):
        clip = clips["one_second"] * float(name[5:]) if name.startswith("gain_") else clips[name]
        ours = official_log_psd(clip)
        parts = {
            "spec": ours,
            "first_frame": ours[:, 0],
            "last_frame": ours[:, -1],
            "dc_row": ours[0],
            "nyquist_row": ours[-1],
        }
        for key in reference.keys(f"audio/{name}/"):
            part = key.rpartition("/")[2]
            if part != "wave":
                reference.check(key, parts[part], absolute=1e-4 if name == "silence" else 5e-6)


def test_the_stream_of_ten_seconds_is_the_official_spectrogram(reference, clips):
    samples = clips["file10s"][:160_000].astype(np.float32)
    stream = LogPsd(LogPsdConfig())
    for at in range(0, len(samples), 1600):
        stream.push(samples[at : at + 1600])
    reference.check("audio/file10s/spec", stream.window()[0], absolute=1e-4)
