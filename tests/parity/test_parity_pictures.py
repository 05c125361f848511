"""What goes into the image encoder, and the whole way from a sound file to pictures, as the official code."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from torchvision.utils import make_grid

from s2s_live.engines.sound2scene.image_encoder import load_image_encoder
from s2s_live.engines.sound2scene.image_input import feature_input, visual
from s2s_live.engines.sound2scene.model import load_model
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.features.log_psd import official_log_psd
from s2s_live.store.folder import ModelFolder

pytestmark = pytest.mark.slow
RES128 = "icgan_biggan_imagenet_res128"
MEMORY = 1_500_000
"""Kilobytes that importing it may take at most."""
IMPORT = """
import sys
from pathlib import Path
from s2s_live.cli import main
from s2s_live.store import library
library.user_models = lambda: Path(sys.argv[1])
status = main(["models", "import", "sound2scene", *sys.argv[2:]])
told = Path("/proc/self/status")
if told.is_file():
    print(*(line.split()[1] for line in told.read_text().splitlines() if line.startswith("VmHWM")))
sys.exit(status)
"""


def test_the_pictures_that_go_in(reference):
    frame = reference.root / "frame.jpg"
    reference.check("image/file/feature_input", feature_input(frame), absolute=1e-4)
    reference.check("image/file/visual", visual(frame), absolute=1e-4)
    with Image.open(frame) as image:
        wide = image.crop((0, 30, 224, 180))
    reference.check("image/wide/feature_input", feature_input(wide, crop=True), absolute=1e-4)


def test_the_sound_that_belongs_to_a_picture(reference):
    clip, rate = soundfile.read(reference.root / "frame.wav", dtype="float64")
    assert rate == 16_000
    reference.check("image/file/paired_spec", official_log_psd(clip), absolute=1e-4)


@pytest.fixture
def imported(reference, tmp_path):
    """The official files, written as published and imported by the command, in a process of its own."""
    folder = tmp_path / RES128
    folder.mkdir()
    torch.save(reference.weights("audio_encoder_r18_avgpool"), tmp_path / "sound2scene.pth")
    torch.save(reference.weights("swav_resnet50"), tmp_path / "swav.pth.tar")
    torch.save(reference.weights(RES128), folder / "G_ema_best0.pth")
    config = {
        **reference.manifest(RES128)["config"],
        "G_activation": torch.nn.ReLU(inplace=False),
        "D_activation": torch.nn.ReLU(inplace=False),
    }
    scores = {"best_IS": np.float64(60.0), "best_FID": np.float64(12.5), "es_epoch": 0}
    state = {"itr": 1, "epoch": 1, "save_num": 0, "save_best_num": 0, "config": config, **scores}
    torch.save(state, folder / "state_dict_best0.pth")
    arguments = ["--audio-encoder", tmp_path / "sound2scene.pth", "--generator", folder]
    arguments += ["--image-encoder", tmp_path / "swav.pth.tar", "--name", "official"]
    command = [sys.executable, "-c", IMPORT, tmp_path / "models", *arguments]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr
    if Path("/proc/self/status").is_file():
        assert int(done.stdout.split()[-1]) < MEMORY
    return ModelFolder.open(tmp_path / "models" / "official")


@torch.no_grad()
def test_from_official_files_to_pictures(reference, imported):
    model = load_model(imported)
    clip, _ = soundfile.read(reference.root / "file10s.wav", dtype="float64")
    heard = unit(model.audio_encoder(torch.from_numpy(official_log_psd(clip)).float()[None, None]))
    reference.check("e2e/unit_emb", heard, of_max=1e-4)
    z = torch.from_numpy(reference.golden["e2e/z"])
    images = model.generator(z, heard.expand(len(z), -1)).clamp(-1, 1)
    reference.check("e2e/images", images, absolute=2e-4)
    grid = make_grid(images, normalize=True, scale_each=True, nrow=8)
    reference.check("e2e/grid", grid, absolute=5e-4)
    seen = load_image_encoder(imported)(feature_input(reference.root / "frame.jpg")[None])
    reference.check("swav/file/features", seen, of_max=1e-4)
