"""Small things the command line is tried on."""

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="session")
def tiny_model(tiny_folder):
    return tiny_folder


@pytest.fixture
def noise_wav(tmp_path):
    path = tmp_path / "noise.wav"
    noise = np.random.default_rng(0).standard_normal(16000 * 3) * 0.1
    soundfile.write(path, noise.astype(np.float32), 16000)
    return path
