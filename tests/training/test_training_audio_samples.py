import numpy as np
import soundfile

from s2s_live.training.audio_samples import SAMPLES, sample, write_samples
from s2s_live.world.sounds import loudness


def test_samples_swell_and_loop():
    sound = sample("rain", 5, 8.0)
    assert sound.size == 128000
    assert np.abs(sound).max() <= 1.0
    middle, ends = loudness(sound[56000:72000]), loudness(sound[:16000])
    assert middle - ends > 8
    step = abs(float(sound[0] - sound[-1]))
    assert step < 6 * np.abs(np.diff(sound[:4000])).std()


def test_all_samples_are_written_and_small(tmp_path):
    files = write_samples(tmp_path)
    assert [f.stem for f in files] == list(SAMPLES)
    assert sum(f.stat().st_size for f in files) < 1_000_000
    for file in files:
        data, rate = soundfile.read(file)
        assert rate == 16000
        assert data.ndim == 1
        assert len(data) == 256000
        assert np.abs(data).max() > 0.05
