"""The Sound2Scene engine on a tiny model: what it hears, what it paints, and that both are pure."""

import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import platformdirs
import pytest
import torch
from engines.frames import change, state

from s2s_live.engines.openvino_compiled import KINDS
from s2s_live.engines.registry import open_engine
from s2s_live.engines.runtime import cosine
from s2s_live.engines.sound2scene import networks
from s2s_live.engines.sound2scene.engine import Sound2SceneEngine
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.model import load_model, write_model
from s2s_live.engines.sound2scene.networks import Wish
from s2s_live.engines.sound2scene.tiny import write_tiny_model
from s2s_live.errors import ModelError
from s2s_live.features.log_psd import LogPsdConfig
from s2s_live.store.folder import ModelFolder, write_model_folder
from s2s_live.store.library import find_model
from s2s_live.world.channels import DRIFT, FLOW, STILL

RATE = 16_000


@pytest.fixture(scope="module", autouse=True)
def without_onnx_runtime():
    """Which runtime is chosen is not what is looked at here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "s2s_live.engines.onnx_runtime", None)
        yield


@pytest.fixture(scope="module")
def engine(tiny_folder):
    engine = open_engine(tiny_folder)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def torch_engine(tiny_folder):
    engine = Sound2SceneEngine(ModelFolder.open(tiny_folder), Wish(prefer="torch"))
    yield engine
    engine.close()


def hiss(seconds=1.0):
    return (0.1 * np.random.default_rng(1).standard_normal(round(seconds * RATE))).astype(np.float32)


def tone():
    return (0.3 * np.sin(2 * np.pi * 600 * np.arange(RATE) / RATE)).astype(np.float32)


def hear(engine, samples):
    stream = engine.front_end()
    stream.push(samples)
    return engine.hear(stream.window())


def test_hearing_that_fell_back_is_told(tiny_folder, monkeypatch):
    opened = networks.open_runtime

    def without(*args, cache, prefer, **more):
        hears = cache.name.split("-")[1] == "hear"
        return opened(*args, cache=cache, prefer="torch" if hears else prefer, **more)

    monkeypatch.setattr(networks, "open_runtime", without)
    engine = open_engine(tiny_folder)
    spec = engine.spec
    engine.close()
    assert spec.runtime in KINDS
    assert spec.runtime_hearing == "torch-fp32"
    assert spec.summary == f"tiny: 64 \u00d7 64, {spec.runtime}, hearing torch-fp32"
    assert replace(spec, runtime_hearing=spec.runtime).summary == f"tiny: 64 \u00d7 64, {spec.runtime}"


def test_it_says_what_it_is(engine):
    spec = engine.spec
    assert (spec.engine, spec.model) == ("sound2scene", "tiny")
    assert spec.runtime in KINDS
    assert (spec.sample_rate, spec.window_s, spec.hop_s) == (RATE, 1.0, 0.1)
    assert (spec.picture_size, spec.layers, spec.z_size) == ((64, 64), 3, 20)
    assert spec.families == ("rain", "fire", "dog", "silence")
    assert {"truncation", "reactivity"} <= {control.name for control in spec.controls}
    assert 0 < spec.gmacs_hear < spec.gmacs_paint < 0.1


def test_it_hears_what_it_was_shown(engine):
    assert hear(engine, hiss()).family == "rain"
    assert hear(engine, tone()).family == "dog"
    assert hear(engine, np.zeros(RATE, np.float32)).family == "silence"


def test_a_target_is_whole(engine):
    target = hear(engine, hiss())
    assert np.linalg.norm(target.latent) == pytest.approx(1.0, abs=1e-5)
    assert sum(target.scores.values()) == pytest.approx(1.0)
    assert target.confidence == max(target.scores.values())
    assert target.flow.shape == (3, 2)


def test_flow_is_weighed_by_the_scores(engine, tiny_folder):
    target = hear(engine, hiss())
    flows = ModelFolder.open(tiny_folder).load("families")["flow"].numpy()
    expected = sum(score * flow for score, flow in zip(target.scores.values(), flows, strict=True))
    np.testing.assert_allclose(target.flow, expected, atol=1e-6)


def test_a_target_does_not_change_with_the_next_hearing(engine):
    first = hear(engine, hiss())
    kept = first.latent.copy()
    hear(engine, tone())
    np.testing.assert_array_equal(first.latent, kept)


def test_silence_rests_at_its_prototype(engine):
    rest = engine.silence()
    assert (rest.family, rest.confidence) == ("silence", 1.0)
    assert np.linalg.norm(rest.latent) == pytest.approx(1.0, abs=1e-5)


def test_pictures_are_fresh_bytes(engine):
    first = engine.paint(state(engine))
    kept = first.copy()
    second = engine.paint(state(engine, pulse=1.0))
    assert first.shape == (64, 64, 3)
    assert first.dtype == np.uint8
    assert first.flags.c_contiguous
    assert not np.shares_memory(first, second)
    np.testing.assert_array_equal(first, kept)


def test_the_same_state_paints_the_same_picture(engine, tiny_folder):
    there = state(engine, displacement=np.array([[0.0, 0.0], [0.3, 0.1], [5.0, -90.0]]))
    first = engine.paint(there)
    for other in (state(engine), state(engine, seed=8, displacement=there.displacement + 3)):
        engine.paint(other)
    np.testing.assert_array_equal(engine.paint(there), first)
    again = open_engine(tiny_folder)
    np.testing.assert_array_equal(again.paint(there), first)
    again.close()


def test_a_pulse_moves_the_picture_at_once(engine):
    rest, hit = engine.paint(state(engine)), engine.paint(state(engine, pulse=0.5))
    assert change(rest, hit) > 6
    assert hit.mean() > rest.mean()


def test_a_weak_pulse_hardly_shows(engine):
    rest = engine.paint(state(engine))
    weak, strong = (change(rest, engine.paint(state(engine, pulse=pulse))) for pulse in (0.25, 1.0))
    assert 0 < weak < 0.15 * strong


def test_reactivity_scales_the_pulse(engine):
    rest = engine.paint(state(engine))
    changes = [
        change(rest, engine.paint(state(engine, pulse=0.5, controls={"reactivity": value})))
        for value in (0.0, 1.0, 2.0)
    ]
    assert changes[0] == 0
    assert changes[0] < changes[1] < changes[2]


def test_truncation_pulls_towards_the_typical_scene(engine):
    typical = engine.paint(state(engine, z=np.zeros(20, np.float32)))
    cut = engine.paint(state(engine, controls={"truncation": 0.0}))
    np.testing.assert_array_equal(cut, typical)
    half = engine.paint(state(engine, controls={"truncation": 0.5}))
    assert 0 < change(half, typical) < change(engine.paint(state(engine)), typical)


def test_brightness_and_contrast(engine):
    rest = engine.paint(state(engine))
    assert engine.paint(state(engine, controls={"brightness": 0.2})).mean() > rest.mean() + 20
    assert engine.paint(state(engine, controls={"contrast": 0.5})).std() < 0.6 * rest.std()


def test_sound_seed_and_flow_move_the_picture(engine):
    rest = engine.paint(state(engine))
    assert change(rest, engine.paint(state(engine, latent=hear(engine, hiss()).latent))) > 6
    assert change(rest, engine.paint(state(engine, seed=8))) > 6
    for layer in (DRIFT, FLOW):
        displacement = np.zeros((3, 2))
        displacement[layer] = 0.05
        assert change(rest, engine.paint(state(engine, displacement=displacement))) > 1


def test_the_still_layer_stands(engine):
    displacement = np.zeros((3, 2))
    displacement[STILL] = 0.05
    assert change(engine.paint(state(engine)), engine.paint(state(engine, displacement=displacement))) == 0


def test_openvino_and_torch_agree(engine, torch_engine):
    assert torch_engine.spec.runtime == "torch-fp32"
    ours, theirs = hear(engine, hiss()), hear(torch_engine, hiss())
    assert cosine(ours.latent, theirs.latent) > 0.999  # in 16 bits where the processor is faster with them
    there = state(engine, pulse=0.3, displacement=np.full((3, 2), 0.123))
    apart = np.abs(engine.paint(there).astype(int) - torch_engine.paint(there))
    if engine.spec.runtime != "openvino-f32":
        assert 20 * np.log10(255 / np.sqrt(np.square(apart).mean())) > 33
    else:
        assert apart.max() <= 1


def test_hearing_and_painting_at_once_change_nothing(engine):
    window = engine.front_end().window()
    expected = engine.hear(window).latent
    picture = engine.paint(state(engine))
    heard = []

    def hear_often():
        heard.extend(np.array_equal(engine.hear(window).latent, expected) for _ in range(100))

    thread = threading.Thread(target=hear_often)
    thread.start()
    assert all(np.array_equal(engine.paint(state(engine)), picture) for _ in range(30))
    thread.join(30)
    assert len(heard) == 100
    assert all(heard)


def test_closing_twice_is_fine_and_using_it_after_is_an_error(tiny_folder):
    engine = open_engine(tiny_folder)
    window, there = engine.front_end().window(), state(engine)
    engine.close()
    engine.close()
    with pytest.raises(ValueError, match="closed"):
        engine.hear(window)
    with pytest.raises(ValueError, match="closed"):
        engine.paint(there)


def test_a_tiny_model_is_the_same_for_the_same_seed(tiny_folder, tmp_path):
    first = ModelFolder.open(tiny_folder).hash
    assert ModelFolder.open(write_tiny_model(tmp_path / "a")).hash == first
    assert ModelFolder.open(write_tiny_model(tmp_path / "b", seed=1)).hash != first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engine": "soundclip"}, "soundclip"),
        ({"generator": {}}, "missing"),
        ({"front_end": {"kind": "mfcc"}}, "front end"),
        ({"families": ["rain", "rain", "dog", "silence"]}, "twice"),
        ({"families": ["rain", "dog", "silence"]}, "prototypes"),
        ({"families": 3}, "list of names"),
        ({"silence": "quiet"}, "quiet"),
        ({"temperature": 0}, "temperature"),
        ({"fields": None}, "noise fields"),
        ({"fields": {"resolutions": [8]}}, "noise fields"),
        ({"audio_encoder": {"depth": 18, "width": 8, "embedding_size": 12}}, "same features"),
        ({"audio_encoder": {"depth": 18, "width": 4, "embedding_size": 16}}, "shape"),
        ({"audio_encoder": {"depth": 34, "width": 8, "embedding_size": 16}}, "missing"),
    ],
)
def test_models_that_do_not_fit_are_named(tiny_folder, tmp_path, change, message):
    folder = tmp_path / "changed"
    shutil.copytree(tiny_folder, folder)
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ModelError, match=message) as caught:
        open_engine(folder)
    assert caught.value.hint


def test_weights_that_are_not_finite_are_refused(tiny_folder, tmp_path):
    opened = ModelFolder.open(tiny_folder)
    weights = {name: opened.load(name) for name in ("audio_encoder", "generator", "families")}
    weights["generator"]["linear.weight"][0, 0] = torch.nan
    write_model_folder(tmp_path / "nan", opened.data, weights)
    with pytest.raises(ModelError, match="not finite"):
        open_engine(tmp_path / "nan")


def test_a_model_survives_reading_and_writing(tiny_folder, tmp_path):
    model = load_model(ModelFolder.open(tiny_folder))
    written = write_model(tmp_path / "copy", model, name="tiny", licence="MIT", trained={})
    again = load_model(written)
    assert again.config == model.config
    for name, tensor in model.generator.state_dict().items():
        assert torch.equal(tensor, again.generator.state_dict()[name])


def test_an_unknown_device_is_refused(tiny_folder):
    with pytest.raises(ModelError, match="tpu"):
        open_engine(tiny_folder, device="tpu")


def test_a_model_without_fields_or_families(tiny_folder, tmp_path):
    """As an official checkpoint is."""
    model = load_model(ModelFolder.open(tiny_folder))
    config = replace(
        model.config,
        generator=replace(model.config.generator, fields=None, norm="bigbn"),
        fields=None,
        families=(),
        silence="",
        front_end=LogPsdConfig(98),
    )
    plain = replace(model, config=config, generator=Generator(config.generator))
    folder = write_model(tmp_path / "plain", plain, name="plain", licence="MIT", trained={}).path
    engine = open_engine(folder)
    assert (engine.spec.layers, engine.spec.families) == (0, ())
    target = hear(engine, hiss())
    assert (target.family, target.flow.shape, dict(target.scores)) == ("", (0, 2), {})
    assert engine.silence().latent.shape == target.latent.shape
    assert engine.paint(state(engine, displacement=np.zeros((0, 2)))).shape == (64, 64, 3)
    engine.close()


@pytest.mark.slow
def test_the_bundled_model_paints_the_same_without_openvino():
    folder = ModelFolder.open(find_model("world"))
    plain = Sound2SceneEngine(folder, Wish(prefer="torch"))
    fast = open_engine(folder.path)
    assert plain.spec.runtime == "torch-fp32"
    assert change(plain.paint(state(plain)), fast.paint(state(plain))) < 1.0
    plain.close()
    fast.close()


def test_a_second_start_loads_no_network(tiny_folder):
    open_engine(tiny_folder).close()  # the tests before may have filled the cache with other models
    program = (
        "import sys, pathlib, platformdirs\n"
        "cache, model = map(pathlib.Path, sys.argv[1:])\n"
        "platformdirs.user_cache_path = lambda *_, **__: cache\n"
        "from s2s_live.engines.registry import open_engine\n"
        "engine = open_engine(model)\n"
        "assert engine.spec.runtime.startswith('openvino-'), engine.spec.runtime\n"
    )
    cache = platformdirs.user_cache_path("s2s-live")
    done = subprocess.run([sys.executable, "-c", program, str(cache), str(tiny_folder)], check=False)
    assert done.returncode == 0
