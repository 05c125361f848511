"""Reading pictures: as they lie, upright, and with a named error where they cannot be read."""

import numpy as np
import pytest
import torch
from PIL import Image

from s2s_live.engines.sound2scene import image_input
from s2s_live.engines.sound2scene.image_input import ImageError, feature_input, read_rgb, visual

ORIENTATION = 0x0112


@pytest.fixture
def photograph():
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8))


def test_what_the_networks_take(photograph):
    assert feature_input(photograph).shape == (3, 224, 224)
    small = visual(photograph)
    assert small.shape == (3, 128, 128)
    assert -1.0 <= small.min() < 0.0 < small.max() <= 1.0


def test_plain_colours_are_normalised_as_for_imagenet():
    red = feature_input(Image.new("RGB", (10, 10), (255, 0, 0)))
    expected = [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225]
    torch.testing.assert_close(red.mean((1, 2)), torch.tensor(expected), rtol=0, atol=1e-5)


def test_cropping_takes_the_square_in_the_middle(photograph):
    middle = photograph.crop((10, 0, 50, 40))
    assert torch.equal(feature_input(photograph, crop=True), feature_input(middle))
    assert not torch.equal(feature_input(photograph), feature_input(middle))


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1"])
def test_every_kind_of_picture_becomes_rgb(photograph, tmp_path, mode):
    path = tmp_path / ("picture.tif" if mode == "CMYK" else "picture.png")
    photograph.convert(mode).save(path)
    assert (read_rgb(path).mode, read_rgb(path).size) == ("RGB", (60, 40))


def test_a_picture_is_turned_as_the_camera_noted(photograph, tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # held with the right side down
    photograph.save(tmp_path / "turned.png", exif=exif)
    turned = read_rgb(tmp_path / "turned.png")
    assert np.array_equal(np.array(turned), np.rot90(np.array(photograph), 3))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize(
    "noted", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x05"]
)
def test_a_damaged_note_does_not_lose_the_picture(photograph, tmp_path, noted):
    photograph.save(tmp_path / "noted.jpg", exif=noted, quality=95)
    assert read_rgb(tmp_path / "noted.jpg").size == (60, 40)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<html>", b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_what_is_no_picture_is_named(tmp_path, content):
    path = tmp_path / "bad.png"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"bad\.png") as caught:
        read_rgb(path)
    assert caught.value.hint


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_picture_that_ends_early_is_named(photograph, tmp_path, suffix):
    path = tmp_path / f"half.{suffix}"
    photograph.save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError, match="half"):
        read_rgb(path)


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(ImageError, match="no picture"):
        read_rgb(tmp_path / "none.png")
    with pytest.raises(ImageError, match="cannot be read"):
        read_rgb(tmp_path)


def test_a_bomb_is_refused_and_a_large_photograph_is_not(tmp_path, photograph, monkeypatch):
    photograph.save(tmp_path / "large.png")
    monkeypatch.setattr(image_input.Image, "MAX_IMAGE_PIXELS", 60 * 40 - 1)
    assert read_rgb(tmp_path / "large.png").size == (60, 40)
    monkeypatch.setattr(image_input.Image, "MAX_IMAGE_PIXELS", 60 * 40 // 3)
    with pytest.raises(ImageError, match="too large"):
        read_rgb(tmp_path / "large.png")
