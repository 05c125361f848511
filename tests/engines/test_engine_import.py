"""Importing official files: what is read as published, what is refused, and that nothing is left behind."""

import os
from dataclasses import replace

import numpy as np
import platformdirs
import pytest
import torch
from engines.small_network import ALWAYS, NEVER

from s2s_live.engines import openvino_reduced
from s2s_live.engines.runtime import psnr
from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig, GeneratorConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.image_encoder import SwavEncoder, load_image_encoder
from s2s_live.engines.sound2scene.importing import Official, Sound2SceneImport
from s2s_live.engines.sound2scene.model import load_model
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.errors import ModelError
from s2s_live.store.folder import checksum

ENCODER = AudioEncoderConfig(18, 4, 24)
GENERATOR = GeneratorConfig(
    feature_size=24,
    in_channels=(32, 32, 16),
    out_channels=(32, 16, 8),
    z_chunk=30,
    shared_size=6,
    attention_after=1,
    class_size=5,
)
CONFIG = {
    "resolution": 32,
    "G_ch": 2,
    "G_attn": "16",
    "dim_z": 120,
    "shared_dim_feat": 6,
    "class_cond": False,
    "hier": True,
    "ema": True,
    "use_ema": True,
    "SN_eps": 1e-6,
    "G_nl": "relu",
    "G_activation": torch.nn.ReLU(inplace=False),
    "D_activation": torch.nn.ReLU(inplace=False),
    "feature_extractor": "selfsupervised",
}


def official(config=GENERATOR, seed=0):
    """A generator's tensors with the names of IC-GAN's files, spectral norm not folded."""
    torch.manual_seed(seed)
    network = Generator(config)
    tensors = {name: torch.randn_like(tensor) * 0.3 for name, tensor in network.state_dict().items()}
    for stem, module in network.named_modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
            tensors[f"{stem}.u0"] = torch.randn(1, module.weight.shape[0])
            tensors[f"{stem}.sv0"] = torch.ones(1)
    for name, tensor in tensors.items():
        if name.endswith("stored_var"):
            tensor.abs_().add_(0.5)
    tensors.setdefault("shared.weight", torch.randn(1000, 128))
    return tensors


def divided(tensors):
    """Weights over their spectral norm, written down once more from the specification."""
    result = {}
    for name, tensor in tensors.items():
        stem, _, leaf = name.rpartition(".")
        if leaf == "weight" and f"{stem}.u0" in tensors:
            matrix = tensor.reshape(len(tensor), -1).double()
            v = tensors[f"{stem}.u0"].double() @ matrix
            v = v / v.norm()
            u = v @ matrix.T
            u = u / u.norm()
            result[name] = (tensor.double() / (v @ matrix.T @ u.T)).float()
        elif leaf not in {"u0", "sv0"} and stem != "shared":
            result[name] = tensor
    return result


def state_file(files):
    return files.generator / "state_dict_best0.pth"


def state(fid, **config):
    scores = {"best_IS": np.float64(30.0), "best_FID": fid}
    return {"itr": 1, "epoch": 2, "save_num": 0, **scores, "config": {**CONFIG, **config}}


@pytest.fixture
def files(tmp_path):
    """Official files of tiny networks."""
    folder = tmp_path / "published" / "icgan_biggan_imagenet_res32"
    folder.mkdir(parents=True)
    torch.save(official(), folder / "G_ema_best0.pth")
    torch.save(state(np.float64(20.0)), folder / "state_dict_best0.pth")
    torch.manual_seed(1)
    encoder = AudioEncoder(ENCODER).state_dict()
    torch.save({f"audnet.{name}": tensor for name, tensor in encoder.items()}, folder.parent / "sound.pth")
    return Official(folder.parent / "sound.pth", folder)


def imported(files, tmp_path, label=None):
    found = Sound2SceneImport(files, label)
    return found, found.write(tmp_path / "models" / "mine", "mine")


def pictures(model, label=None):
    torch.manual_seed(2)
    z, feature = torch.randn(2, model.config.generator.z_size), unit(torch.rand(2, 24))
    with torch.no_grad():
        return model.generator(z, feature, label=label)


def test_the_imported_model_is_the_published_one(files, tmp_path):
    before = {path: checksum(path) for path in (files.audio_encoder, *files.generator.iterdir())}
    found, folder = imported(files, tmp_path)
    assert (found.encoder, found.generator) == (ENCODER, replace(GENERATOR, class_size=128))
    assert (found.default_name, found.notes) == ("sound2scene-32", [])
    model = load_model(folder)
    expected = Generator(model.config.generator).eval()
    expected.load_state_dict(divided(official()))
    torch.testing.assert_close(model.generator.state_dict(), expected.state_dict(), rtol=1e-5, atol=1e-6)
    sound = torch.load(files.audio_encoder, weights_only=True)
    for name, tensor in model.audio_encoder.state_dict().items():
        assert torch.equal(tensor, sound[f"audnet.{name}"])
    assert {path: checksum(path) for path in before} == before


def test_the_folder_says_what_it_is_and_on_which_terms(files, tmp_path):
    _, folder = imported(files, tmp_path)
    folder.verify()
    assert folder.name == "mine"
    assert "CC BY-NC 4.0" in folder.manifest.licence
    assert "legalcode" in (folder.path / "LICENCE.txt").read_text()
    assert "LICENCE.txt" in folder.manifest.files
    assert folder.data["origin"]["generator"]["sha256"] == checksum(files.generator / "G_ema_best0.pth")
    assert folder.data["front_end"] == {"kind": "log_psd", "frames": 1004}


@pytest.mark.parametrize(("worthwhile", "least"), [(NEVER, 50.0), (ALWAYS, 35.0)], ids=["32", "fewer"])
def test_the_imported_model_hears_and_paints_live(files, tmp_path, monkeypatch, worthwhile, least):
    """In fewer bits never and always: otherwise it hangs on how fast they are just now."""
    from s2s_live.engines.base import PaintState
    from s2s_live.engines.registry import open_engine

    monkeypatch.setattr(openvino_reduced, "WORTHWHILE", worthwhile)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_args, **_kwargs: tmp_path / "cache")
    _, folder = imported(files, tmp_path)
    engine = open_engine(folder.path)
    try:
        stream = engine.front_end()
        stream.push(np.random.default_rng(0).standard_normal(16_000).astype(np.float32) * 0.1)
        target = engine.hear(stream.window())
        assert np.linalg.norm(target.latent) == pytest.approx(1.0, abs=1e-4)
        torch.manual_seed(2)
        z = torch.randn(1, engine.spec.z_size).clamp(-2, 2)
        shown = engine.paint(PaintState(0, 0, target.latent, z[0].numpy(), np.zeros((0, 2)), 0.0, 0.0, {}))
        with torch.no_grad():
            exact = load_model(folder).generator(z, torch.from_numpy(target.latent)[None])
        wanted = (exact[0].permute(1, 2, 0).numpy() + 1) * 127.5
        assert psnr(shown.astype(float), wanted) > least
    finally:
        engine.close()


def test_a_label_is_fixed_exactly(files, tmp_path):
    config = replace(GENERATOR, classes=7)
    torch.save(official(config), files.generator / "G_ema_best0.pth")
    torch.save(state(1.0, class_cond=True, feature_extractor="classification"), state_file(files))
    found, free = imported(files, tmp_path)
    assert found.generator == config
    assert any("--label" in note for note in found.notes)
    assert any("classifier" in note for note in found.notes)
    expected = pictures(load_model(free), torch.tensor([3, 3]))
    found = Sound2SceneImport(files, 3)
    assert found.default_name == "sound2scene-32-class3"
    fixed = found.write(tmp_path / "models" / "three", "three")
    torch.testing.assert_close(pictures(load_model(fixed)), expected, rtol=0, atol=1e-6)
    assert not any("--label" in note for note in found.notes)
    with pytest.raises(ModelError, match="no class 7"):
        Sound2SceneImport(files, 7)


def test_a_label_without_classes_is_refused(files):
    with pytest.raises(ModelError, match="no class 0") as caught:
        Sound2SceneImport(files, 0)
    assert "--label" in caught.value.hint


@pytest.mark.parametrize("pool", ["avg", "vlad"])
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model"])
@pytest.mark.parametrize("prefix", ["audnet.", "module.audnet.", ""])
def test_names_and_wrappings_of_the_audio_encoder(files, pool, wrapper, prefix):
    tensors = AudioEncoder(replace(ENCODER, pool=pool)).state_dict()
    tensors = {prefix + name: tensor for name, tensor in tensors.items()}
    content = tensors if wrapper is None else {"epoch": 3, wrapper: tensors}
    torch.save(content, files.audio_encoder)
    assert Sound2SceneImport(files).encoder == replace(ENCODER, pool=pool)


def test_counters_may_be_missing_and_halves_are_read(files, tmp_path):
    tensors = torch.load(files.audio_encoder, weights_only=True)
    kept = {name: tensor.half() for name, tensor in tensors.items() if "num_batches" not in name}
    torch.save(kept, files.audio_encoder)
    _, folder = imported(files, tmp_path)
    weight = load_model(folder).audio_encoder.fc.weight
    assert weight.dtype == torch.float32
    assert torch.equal(weight, kept["audnet.fc.weight"].float())


def test_weights_alone_tell_their_numbers(files):
    state_file(files).unlink()
    assert Sound2SceneImport(files).generator == replace(GENERATOR, class_size=128)
    direct = Official(files.audio_encoder, files.generator / "G_ema_best0.pth")
    assert Sound2SceneImport(direct).generator == replace(GENERATOR, class_size=128)
    torch.save(official(), files.generator / "G_ema_best1.pth")
    with pytest.raises(ModelError, match="several") as caught:
        Sound2SceneImport(files)
    assert "file itself" in caught.value.hint


def test_the_image_encoder_comes_along(files, tmp_path):
    wide = replace(GENERATOR, feature_size=2048)
    torch.save(official(wide), files.generator / "G_ema_best0.pth")
    encoder = {
        f"audnet.{n}": t for n, t in AudioEncoder(replace(ENCODER, embedding_size=2048)).state_dict().items()
    }
    torch.save(encoder, files.audio_encoder)
    tensors = {f"module.{name}": tensor for name, tensor in SwavEncoder().state_dict().items()}
    tensors["module.prototypes.weight"] = torch.randn(3, 4)
    path = tmp_path / "swav.pth.tar"
    torch.save(tensors, path)
    _, folder = imported(replace(files, image_encoder=path), tmp_path)
    assert torch.equal(load_image_encoder(folder).conv1.weight, tensors["module.conv1.weight"])
    assert folder.data["image_encoder"]["feature_size"] == 2048


def test_a_model_without_an_image_encoder_says_so(files, tmp_path):
    _, folder = imported(files, tmp_path)
    with pytest.raises(ModelError, match="no image encoder"):
        load_image_encoder(folder)


class Hostile:
    """Runs a command when it is unpickled by who trusts it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"echo > {self.path}",)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("where", ["audio", "generator", "configuration"])
def test_a_file_that_would_run_code_is_refused_and_does_not(files, tmp_path, where, zipped):
    mark = tmp_path / "ran"
    path = {
        "audio": files.audio_encoder,
        "generator": files.generator / "G_ema_best0.pth",
        "configuration": state_file(files),
    }[where]
    torch.save({"state_dict": Hostile(mark)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=r"would run code \(\w+\.system\)") as caught:
        Sound2SceneImport(files)
    assert path.name in caught.value.message
    assert caught.value.hint
    assert not mark.exists()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.9999])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_file_is_refused(files, share, zipped):
    path = files.generator / "G_ema_best0.pth"
    torch.save(official(), path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match="damaged") as caught:
        Sound2SceneImport(files)
    assert path.name in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("linear.bias"), r"1 missing \['linear.bias'\]"),
        (lambda t: t.pop("blocks.0.0.conv1.u0"), "missing.*conv1.u0"),
        (lambda t: t.pop("blocks.0.0.bn1.stored_mean"), "missing.*stored_mean"),
        (lambda t: t.update(surplus=torch.ones(1)), r"1 unknown \['surplus'\]"),
        (
            lambda t: t.update({"linear.bias": torch.ones(3)}),
            r"linear.bias has shape \[3\] instead of \[512\]",
        ),
        (lambda t: t.update({"linear.u0": torch.ones(1, 3)}), r"linear.u0 has shape \[1, 3\]"),
        (lambda t: t.update({"linear.weight": torch.ones(3)}), r"linear.weight has shape \[3\]"),
        (lambda t: t["linear.bias"].fill_(float("nan")), "linear.bias.*not finite"),
        (lambda t: t["linear.weight"].zero_(), "linear.weight.*not finite"),
        (lambda t: t.clear(), "no state dict"),
        (lambda t: t.update(linear=1), "no state dict"),
        (lambda t: [t.pop(name) for name in list(t) if name.startswith("blocks")], "no blocks"),
    ],
)
def test_other_tensors_than_expected_are_refused_by_name(files, tmp_path, change, message):
    tensors = official()
    change(tensors)
    torch.save(tensors, files.generator / "G_ema_best0.pth")
    with pytest.raises(ModelError, match=message) as caught:
        imported(files, tmp_path)
    assert caught.value.hint
    assert not (tmp_path / "models").exists() or not any((tmp_path / "models").iterdir())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resolution", 64),
        ("G_ch", 3),
        ("dim_z", 128),
        ("dim_z", "x"),
        ("hier", False),
        ("SN_eps", 1e-4),
        ("G_attn", "0"),
        ("norm_style", "in"),
        ("class_cond", True),
    ],
)
def test_a_configuration_of_another_network_is_refused(files, name, value):
    torch.save(state(20.0, **{name: value}), state_file(files))
    with pytest.raises(ModelError, match=f"state_dict_best0.*{name}"):
        Sound2SceneImport(files)


def test_networks_that_do_not_fit_each_other_are_refused(files, tmp_path):
    torch.save(AudioEncoder(AudioEncoderConfig(18, 4, 25)).state_dict(), files.audio_encoder)
    with pytest.raises(ModelError, match=r"25 numbers.*features of 24") as caught:
        Sound2SceneImport(files)
    assert "audio encoder" in caught.value.hint
    torch.save(AudioEncoder(ENCODER).state_dict(), files.audio_encoder)
    swav = tmp_path / "swav.pth.tar"
    torch.save(SwavEncoder().state_dict(), swav)
    with pytest.raises(ModelError, match=r"2048 numbers.*takes 24"):
        Sound2SceneImport(replace(files, image_encoder=swav))


def test_files_in_the_wrong_places_are_refused(files, tmp_path):
    encoder, generator = files.audio_encoder, files.generator / "G_ema_best0.pth"
    with pytest.raises(ModelError, match="audio encoder is no ResNet"):
        Sound2SceneImport(Official(generator, files.generator))
    with pytest.raises(ModelError, match="no blocks"):
        Sound2SceneImport(Official(encoder, encoder))
    with pytest.raises(ModelError, match=r"image encoder: .*missing"):
        Sound2SceneImport(replace(files, image_encoder=encoder))
    with pytest.raises(ModelError, match="holds no generator"):
        Sound2SceneImport(Official(encoder, tmp_path))
    with pytest.raises(ModelError, match="no folder and no file"):
        Sound2SceneImport(Official(encoder, tmp_path / "nowhere"))
    with pytest.raises(ModelError, match="cannot be read"):
        Sound2SceneImport(Official(tmp_path / "none.pth", files.generator))


def test_tensors_that_claim_more_than_their_file_holds_are_refused(files):
    tensors = official()
    tensors["linear.weight"] = torch.zeros(1).expand(10**6, 10**4)
    torch.save(tensors, files.generator / "G_ema_best0.pth")
    with pytest.raises(ModelError, match=r"more numbers than it does \(linear.weight\)"):
        Sound2SceneImport(files)


def test_names_for_one_tensor_are_divided_once_each(files, tmp_path):
    tensors = official()
    tensors["blocks.0.0.bn1.bias.weight"] = tensors["blocks.0.0.bn1.gain.weight"]
    torch.save(tensors, files.generator / "G_ema_best0.pth")
    _, folder = imported(files, tmp_path)
    found = load_model(folder).generator.state_dict()
    torch.testing.assert_close(found, divided(tensors), rtol=1e-5, atol=1e-6)


def test_a_disk_that_cannot_be_written_leaves_nothing(files, tmp_path):
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="cannot be written"):
        imported(files, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models", "published"]
