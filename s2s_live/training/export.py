"""From the run folder to the model folder: what the stages have left, as weights, manifest and card."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.change_network import ChangeNetwork
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.landmarks import Landmarks
from s2s_live.engines.sound2scene.model import Families, Sound2SceneConfig, Sound2SceneModel, write_model
from s2s_live.engines.sound2scene.presets import BUNDLED_AUDIO_ENCODER
from s2s_live.engines.sound2scene.upscaler import Upscaler
from s2s_live.engines.sound2scene.upscaler_config import UpscalerConfig
from s2s_live.engines.sound2scene.world_encoder import WorldEncoder
from s2s_live.errors import TrainingError
from s2s_live.training.audio_features import FRONT_END
from s2s_live.training.card import model_card
from s2s_live.training.change_detector import trained_network
from s2s_live.training.generator import checkpoint
from s2s_live.training.growing import fields_of, load_growing
from s2s_live.training.held_out import carry_folds
from s2s_live.training.images import CHECKPOINT as IMAGE_CHECKPOINT
from s2s_live.training.images import Bank, load_image_encoder
from s2s_live.training.loop import load_checkpoint
from s2s_live.training.narrow import NAME as NARROW
from s2s_live.training.sheet import model_sheet
from s2s_live.training.upscaler import CHECKPOINT as UPSCALER_CHECKPOINT
from s2s_live.training.world import SHARPNESS
from s2s_live.world.channels import FieldConfig
from s2s_live.world.families import FAMILY_IDS, flow_table

log = logging.getLogger(__name__)

NAME = "world"
SHEET = "sheet.jpg"
LICENCE = "MIT"
HOP_S = 0.05
"""Seconds between looks for another sound, where the model has a change detector."""


@dataclass(frozen=True)
class Ears:
    """What the audio stage has left, or a stand-in."""

    encoder: AudioEncoder
    prototypes: Tensor
    temperature: float
    trained: bool
    figures: dict[str, float]


def export(run: Path, out: Path, recordings: Sequence[Path] = (), sharpness: float = SHARPNESS) -> None:
    """Write the model folder `out` from the run folder.

    `recordings` are the folders of real recordings that the audio stage heard, for their attributions. With a
    `sharpness` shows draw what is heard to the bank's pictures, see `Landmarks`.

    Raises TrainingError where the generator is missing, ModelError where the folder cannot be written.
    """
    generator, state = _generator(run)
    fields = fields_of(state).up_to(generator.config.resolution)
    bank = Bank.load(run / "bank.npz")
    ears = _ears(run, bank)
    changes = _change_network(run, ears)
    model = _model(run, generator, fields, ears, changes, bank, sharpness)
    trained = {
        "recipe": "s2s-live train world",
        "picture_size": generator.config.resolution,
        "generator_steps": state["step"],
        "generator_minutes": round(state["used_s"] / 60.0, 1),
        "wide_generator_minutes": round(state.get("wide_s", 0.0) / 60.0, 1),
        "upscaler": model.upscaler is not None,
        "changes": None if changes is None else {"recordings": changes[1]},
        "audio": "trained" if ears.trained else "not trained: prototypes are those of the pictures",
        "figures": {**state.get("figures", {}), **ears.figures},
    }
    write_model(out, model, name=NAME, licence=LICENCE, trained=trained)
    carry_folds(run, out)
    model_sheet(generator.float(), fields, bank, out / SHEET)
    (out / "README.md").write_text(model_card(trained, recordings), encoding="utf-8")
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    log.info("export: %s written, %.1f MB", out, size / 1e6)


def _model(
    run: Path, generator: Generator, fields: FieldConfig, ears: Ears,
    changes: tuple[ChangeNetwork, int] | None, bank: Bank, sharpness: float,
) -> Sound2SceneModel:  # fmt: skip
    upscaler, network = _upscaler(run), None if changes is None else changes[0]
    config = Sound2SceneConfig(
        front_end=replace(FRONT_END, newest_sound=ears.trained),
        audio_encoder=ears.encoder.config,
        generator=generator.config,
        families=FAMILY_IDS,
        fields=fields,
        silence="silence",
        temperature=ears.temperature,
        upscaler=upscaler.config if upscaler else None,
        landmark_sharpness=sharpness or None,
        hop_s=Sound2SceneConfig.hop_s if network is None else HOP_S,
    )
    families = Families(ears.prototypes.float().numpy(), flow_table())
    return Sound2SceneModel(
        config, halved(ears.encoder), halved(generator), families, upscaler, _image_encoder(run),
        Landmarks(bank.embedding, sharpness) if sharpness else None, network,
    )  # fmt: skip


def _upscaler(run: Path) -> Upscaler | None:
    """The averaged upscaler with weights of 16 bits, if it was trained."""
    state = load_checkpoint(run / UPSCALER_CHECKPOINT)
    if state is None:
        log.warning("export: no upscaler yet: pictures stay as the generator makes them")
        return None
    upscaler = Upscaler(UpscalerConfig.from_json(state["config"])).eval()
    upscaler.load_state_dict(state["average"])
    return upscaler.half()


def _change_network(run: Path, ears: Ears) -> tuple[ChangeNetwork, int] | None:
    """The change detector's network and from how many recordings it learnt; of use to trained ears alone."""
    found = trained_network(run) if ears.trained else None
    if found is None:
        log.warning("export: no change detector yet: another sound is heard when it fills half of a window")
        return None
    network, recordings = found
    return halved(network), recordings


def _image_encoder(run: Path) -> WorldEncoder | None:
    if not (run / IMAGE_CHECKPOINT).exists():
        log.warning("export: no image encoder: the model cannot look at pictures")
        return None
    return halved(load_image_encoder(run, torch.device("cpu")))  # type: ignore[no-any-return]


def halved(network: torch.nn.Module) -> Any:
    """The network with weights of 16 bits: half the bytes, no visible change."""
    return network.half()


def _generator(run: Path) -> tuple[Generator, dict[str, Any]]:
    """The averaged generator at the size that has been trained so far: the narrow one where there is one."""
    wide, narrow = load_checkpoint(checkpoint(run)), load_checkpoint(checkpoint(run, NARROW))
    state = narrow or wide
    if state is None:
        raise TrainingError(f"There is no generator in {run}.", "Run the stage 'generator' first.")
    if narrow is None:
        log.warning("export: the generator was not narrowed: it takes more than twice the work")
    elif wide is not None and wide["used_s"] != narrow["wide_s"]:
        log.warning("export: the generator has learnt since it was narrowed: run the stage 'narrow' again")
    return load_growing(state).plain(state["size"]), state


def _ears(run: Path, bank: Bank) -> Ears:
    state = load_checkpoint(run / "audio_encoder.pt")
    encoder = AudioEncoder(BUNDLED_AUDIO_ENCODER).eval()
    if state is None:
        log.warning("export: no audio encoder yet: its weights are random, the prototypes those of pictures")
        rows = [bank.embedding[bank.family == index].mean(0) for index in range(len(FAMILY_IDS))]
        means = torch.from_numpy(np.stack(rows))
        return Ears(encoder, functional.normalize(means, dim=1), 0.1, trained=False, figures={})
    encoder.load_state_dict(state["state_dict"])
    folds = state["folds"].float()
    figures: dict[str, float] = {}
    if folds.numel():
        mean = folds.mean(0).tolist()
        figures = dict(zip(("real_window_top1", "real_clip_top1", "ece"), mean, strict=True))
    return Ears(
        encoder, state["prototypes"].float(), float(state["temperature"]), trained=True, figures=figures
    )
