"""Which file of a published IC-GAN folder is taken, and how its configuration is read."""

import zipfile

import numpy as np
import pytest
import torch

from s2s_live.engines.sound2scene.official_folder import find_generator
from s2s_live.errors import ModelError

CONFIG = {"resolution": 32, "ema": True, "use_ema": True, "G_activation": torch.nn.ReLU(inplace=False)}


def save(folder, name, fid, **config):
    """One save: the state, and weights of either kind, which are not looked into here."""
    state = {"itr": 1, "best_FID": fid, "config": {**CONFIG, **config}}
    torch.save(state, folder / f"state_dict{name}.pth")
    (folder / f"G_ema{name}.pth").touch()
    return folder / f"state_dict{name}.pth"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "icgan_biggan_imagenet_res32"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        (20.0, 25.0, "best0"),
        (20.0, 15.0, "best1"),
        (np.float64(20), np.float64(15), "best1"),
        (20.0, 20.0, "best0"),
        (20.0, float("nan"), "best0"),
        (None, 30.0, "best1"),
        (20.0, "unknown", "best0"),
    ],
)
def test_the_save_with_the_lower_fid_is_taken(folder, first, second, taken):
    save(folder, "_best0", first)
    save(folder, "_best1", second)
    found = find_generator(folder)
    assert found.weights == folder / f"G_ema_{taken}.pth"
    assert found.config_file == folder / f"state_dict_{taken}.pth"
    assert found.config["resolution"] == 32


@pytest.mark.parametrize("off", ["ema", "use_ema"])
def test_weights_that_are_not_averaged_are_taken_where_the_configuration_says_so(folder, off):
    save(folder, "_best0", 20.0, **{off: False})
    with pytest.raises(ModelError, match=r"lacks G_best0\.pth"):
        find_generator(folder)
    (folder / "G_best0.pth").touch()
    assert find_generator(folder).weights.name == "G_best0.pth"


def test_a_save_without_a_number_is_found(folder):
    save(folder, "", 20.0)
    assert find_generator(folder).weights.name == "G_ema.pth"


def test_a_file_is_taken_as_it_is(folder):
    save(folder, "_best0", 20.0)
    found = find_generator(folder / "G_ema_best0.pth")
    assert (found.weights.name, found.config) == ("G_ema_best0.pth", None)


def test_weights_alone_are_enough_where_there_is_no_choice(folder):
    (folder / "G_ema_best1.pth").touch()
    assert find_generator(folder).weights.name == "G_ema_best1.pth"
    (folder / "G_ema_best0.pth").touch()
    with pytest.raises(ModelError, match=r"several generators \(G_ema_best0") as caught:
        find_generator(folder)
    assert "file itself" in caught.value.hint


@pytest.mark.parametrize(
    ("there", "given"),
    [
        ("res256_nofeataug", "res256"),
        ("res256", "res256_nofeataug"),
        ("anything at all", "anything at all"),
        ("archive/res256", "archive"),
    ],
)
def test_folders_of_any_name(folder, there, given):
    save(folder, "_best0", 20.0)
    place = folder.parent / there
    place.parent.mkdir(exist_ok=True)
    folder.rename(place)
    assert find_generator(folder.parent / given).weights == place / "G_ema_best0.pth"


def test_of_several_folders_none_is_guessed(folder):
    for name in ("one", "two"):
        (folder / name).mkdir()
        save(folder / name, "_best0", 20.0)
    with pytest.raises(ModelError, match="holds no generator"):
        find_generator(folder)


def test_a_number_under_numpys_old_name_is_read(folder):
    """Files of 2021 speak of `numpy.core`, which has been `numpy._core` since NumPy 2."""
    path = save(folder, "_best0", np.float64(20.0))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    assert b"numpy.core.multiarray" in path.read_bytes()
    assert find_generator(folder).config["resolution"] == 32


@pytest.mark.parametrize("content", [{}, {"config": 3}, [1], {"config": torch.ones(2)}])
def test_a_state_without_a_configuration_is_refused(folder, content):
    torch.save(content, folder / "state_dict_best0.pth")
    with pytest.raises(ModelError, match="no configuration"):
        find_generator(folder)
