"""Networks on CUDA: what their places hold, bits, falling back. Without a device all but graphs is tried on
the CPU, and that painting and hearing could be recorded: they make nothing on the host."""

import copy
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from engines.small_network import ALWAYS, NEVER, network_maker, samples
from torch.utils._python_dispatch import TorchDispatchMode

from s2s_live.bench.compare import OFFICIAL_128, OFFICIAL_ENCODER
from s2s_live.engines import cuda_runtime, devices
from s2s_live.engines.cuda_recording import Recording
from s2s_live.engines.cuda_runtime import CudaRuntime
from s2s_live.engines.runtime import LEAST_PSNR, Leeway, open_runtime, picture_leeway, psnr
from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder, UnitEncoder
from s2s_live.engines.sound2scene.description import Sound2SceneConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.live_painting import LivePainting
from s2s_live.engines.sound2scene.model import load_families
from s2s_live.engines.sound2scene.modules import PaintingModules
from s2s_live.engines.sound2scene.netvlad import NetVlad
from s2s_live.engines.sound2scene.networks import PaintingNetworks, Wish
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.engines.torch_runtime import TorchRuntime
from s2s_live.errors import ModelError
from s2s_live.store.folder import ModelFolder

WORLD = Path(__file__).parents[2] / "models" / "world"
GPU = [pytest.param("cuda", marks=pytest.mark.gpu)] if torch.cuda.is_available() else []
HERE = ["cpu", *GPU]


class Levels(torch.nn.Module):
    """Levels of one input that changes and one that rests."""

    def forward(self, x, resting):
        return (x + resting).clamp(0.5, 255.49)


@pytest.mark.parametrize("device", HERE)
def test_it_gives_what_torch_gives_time_after_time(device):
    network = network_maker()()
    runtime = CudaRuntime(network, samples()[0], device)
    assert runtime.name == f"{device}-f32"
    item = samples()[0][0].copy()
    for factor in (1.0, 0.5):
        item *= factor
        np.testing.assert_allclose(runtime.run(item), TorchRuntime(network).run(item), atol=1e-4)


@pytest.mark.parametrize("device", HERE)
def test_what_rests_stays_on_the_device(device):
    def given(x, resting):
        return [np.full((1, 2, 2), value, np.float32) for value in (x, resting)]

    scenes = [given(k, 10.0) for k in range(6)]
    runtime = CudaRuntime(Levels(), scenes[0], device, leeway=picture_leeway(lambda: scenes, resting=1))
    x, resting = given(3.2, 20.0)
    assert runtime.run(x, resting).dtype == np.uint8
    x[:], resting[:] = 4.2, 99.0  # which nobody does: so it shows what is sent
    assert (runtime.run(x, resting) == 24).all()
    assert (runtime.run(x, resting.copy()) == 103).all()


@pytest.mark.parametrize("device", HERE)
def test_16_bits_where_they_are_near_enough(device, monkeypatch, caplog):
    monkeypatch.setattr(cuda_runtime, "WORTHWHILE", ALWAYS)
    for least, bits in ((LEAST_PSNR, "f16"), (np.inf, "f32"), (np.nan, "f32")):
        leeway = Leeway(samples, psnr, least)
        runtime = CudaRuntime(network_maker()(), samples()[0], device, leeway=leeway)
        assert runtime.name == f"{device}-{bits}"
        found = runtime.run(*samples()[1])
        assert found.dtype == np.float32
        assert psnr(found, TorchRuntime(network_maker()()).run(*samples()[1])) > 45


@pytest.mark.parametrize("device", HERE)
def test_16_bits_that_are_not_faster_or_fail_are_not_taken(device, monkeypatch, caplog):
    leeway = Leeway(samples, psnr, LEAST_PSNR)
    monkeypatch.setattr(cuda_runtime, "WORTHWHILE", NEVER)
    assert CudaRuntime(network_maker()(), samples()[0], device, leeway=leeway).name == f"{device}-f32"

    def only_32(network, example, place, dtype, *rest):
        if dtype != torch.float32:
            raise RuntimeError("no such operator")
        return Recording(network, example, place, dtype, *rest)

    monkeypatch.setattr(cuda_runtime, "Recording", only_32)
    with caplog.at_level(logging.INFO):
        assert CudaRuntime(network_maker()(), samples()[0], device, leeway=leeway).name == f"{device}-f32"
    assert "16 bits fail: no such operator" in caplog.text


@pytest.mark.parametrize("device", HERE)
def test_a_device_whose_runs_fail_is_not_used(device, monkeypatch):
    leeway = Leeway(samples, psnr, LEAST_PSNR)
    monkeypatch.setattr(cuda_runtime, "by_turns", lambda runs, *_: dict.fromkeys(runs, float("inf")))
    with pytest.raises(RuntimeError, match="its runs fail"):
        CudaRuntime(network_maker()(), samples()[0], device, leeway=leeway)


def test_inputs_of_another_shape_are_told():
    runtime = CudaRuntime(network_maker()(), samples()[0], "cpu")
    with pytest.raises(ValueError, match="is wanted"):
        runtime.run(samples()[0][0][..., :1])


def test_what_the_gpu_cannot_run_the_processor_does(monkeypatch, caplog):
    monkeypatch.setattr("s2s_live.engines.torch_runtime.check_device", lambda _: None)
    monkeypatch.setattr(cuda_runtime, "differs", lambda *_: 0.5)  # where there is a GPU after all
    with caplog.at_level(logging.WARNING):
        runtime = open_runtime(network_maker(), lambda: samples()[0], device="cuda")
    assert runtime.name == "openvino-f32"
    assert "the GPU cannot run this network" in caplog.text


class Host(TorchDispatchMode):
    """Notes what is made on the host. A recording on CUDA fails where something is."""

    def __init__(self):
        super().__init__()
        self.made = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        parts = found if isinstance(found, list | tuple) else [found]
        self.made += [str(func) for part in parts if isinstance(part, torch.Tensor) and not part.is_meta]
        return found


def made_on_the_host(network, inputs):
    given = [torch.from_numpy(item).to("meta") for item in inputs]
    with Host() as host, torch.inference_mode():
        network.to("meta")(*given)
    return host.made


def test_a_number_made_on_the_host_is_noted():
    class Makes(torch.nn.Module):
        def forward(self, x):
            return x + torch.arange(4).to(x.device)

    assert made_on_the_host(Makes(), [np.zeros(4, np.float32)])


@pytest.mark.parametrize("fine", [False, True])
def test_painting_the_world_can_be_recorded_and_run_in_16_bits(fine):
    folder = ModelFolder.open(WORLD)
    config = Sound2SceneConfig.from_json(folder.data)
    networks = PaintingNetworks(folder, config, load_families(folder, config).prototypes, None)
    scenes = networks._scenes(networks._open_scenes(Wish(prefer="torch"), fine=fine))
    inputs = next(scenes)
    network = PaintingModules.load(folder, config, fine=fine).painting()
    leeway = picture_leeway(lambda: [inputs], 5)
    short = Recording(network, inputs, torch.device("cpu"), torch.float16, leeway).run(inputs)
    assert psnr(short, TorchRuntime(network, levels=True).run(*inputs)) > 50
    assert made_on_the_host(copy.deepcopy(network), inputs) == []


def test_the_official_networks_can_be_recorded():
    with torch.device("meta"):
        paint = LivePainting(Generator(OFFICIAL_128), None).eval()
        hear = UnitEncoder(AudioEncoder(OFFICIAL_ENCODER)).eval()
    z, feature, tone = (np.zeros((1, n), np.float32) for n in (OFFICIAL_128.z_size, 2048, 3))
    assert made_on_the_host(paint, [z, feature, tone]) == []
    assert made_on_the_host(hear, [np.zeros((1, 1, 257, 1004), np.float32)]) == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_what_has_no_length_stays_zero_in_16_bits_too(dtype):
    assert unit(torch.zeros(2, 4, dtype=dtype)).tolist() == [[0.0] * 4] * 2
    pooled = NetVlad(4, 2).to(dtype)(torch.zeros(1, 4, 3, 3, dtype=dtype))
    assert pooled.isfinite().all()


def test_a_device_that_is_asked_for_must_be_there(monkeypatch):
    assert devices.resolved("cpu") == "cpu"
    assert devices.resolved("cuda") == "cuda"
    if not torch.cuda.is_available():
        with pytest.raises(ModelError, match="no cuda device"):
            open_runtime(network_maker(), lambda: samples()[0], device="cuda")


def test_a_driver_that_pytorch_cannot_use_leaves_networks_to_the_processor(monkeypatch, caplog):
    monkeypatch.setattr(devices, "driver_devices", lambda: 1)
    monkeypatch.setattr(devices, "_is_built_for_cuda", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.resolved("auto") == "cpu"
    assert "old driver" in caplog.text
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.resolved("auto") == "cuda"


def test_without_a_driver_pytorch_is_not_even_imported():
    program = (
        "import sys; from s2s_live.engines import devices; devices._DRIVER = 'libnone.so'\n"
        "assert devices.resolved('auto') == 'cpu' and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
