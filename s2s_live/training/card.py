"""The model card of the bundled world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from s2s_live.world.families import FAMILIES

_UPSCALER = """* An **upscaler** (three small convolutions, learnt from scenes painted at both sizes) that
  draws twice the lines where the machine is fast enough.
"""
_CHANGES = """* A **change detector** (four small convolutions over a second of log-mel columns) that
  hears another sound begin, so that it can be heard alone before it fills the window. It learnt from
  synthesised sounds that follow one another{recordings}.
"""
_FOLDS = """
Recordings are judged by encoders that never met their source. `folds` holds one for each quarter of the
sources, for `s2s-live eval world --real DIR`; a show does not read them.
"""
_TEXT = """# The world

The model that comes with s2s-live: sound in, a living painted scene out, at {size}x{size}.

## What it is

* An **audio encoder** (a small ResNet over log-mel windows) that places a sound in a space of pictures.
* A **generator** (the Sound2Scene / IC-GAN BigGAN architecture at a small scale) that paints from that
  place, from a noise vector z, and from noise fields which carry all fine texture. Moving the fields moves
  rain, flames and clouds.
{networks}* **Prototypes**: the mean audio embedding of each family of sounds, by which the app names what it
  hears.
* **Landmarks**: embeddings of painted scenes, soft to loud. What is heard is drawn to those around it, so
  that the generator paints where it has learnt to.

Families: {families}.

![Every family, soft, middling and loud](sheet.jpg)

Every family, soft, middling and loud, as the generator paints it.

## How it was made

`s2s-live train world`: a renderer paints scenes of every family at any intensity; an image encoder learns
that world without labels, from pairs of paintings of the same thing; the generator learns by regression to
paint what the renderer paints, given the encoder's embedding of *other* paintings of the same thing; the
audio encoder learns to place synthesised and recorded sounds of a family and loudness where its pictures lie.

* Generator: {generator}.
* Audio encoder: {audio}.

## Data

Pictures and synthesised sounds come from this repository's own code. {data}

## Figures

{figures}
{folds}
## Licence

The weights are under the licence of this repository (MIT).

## Limits

It knows the families above and what lies between them. It is an instrument for the stage, not a classifier
to rely on: an unknown sound goes to the nearest scene it knows.
"""


def model_card(trained: Mapping[str, Any], recordings: Sequence[Path] = ()) -> str:
    """The card's text, Markdown."""
    figures = trained["figures"]
    rows = [f"| {name} | {value:.3g} |" for name, value in figures.items()]
    table = "\n".join(["| figure | value |", "|---|---|", *rows]) if rows else "None measured yet."
    return _TEXT.format(
        networks=(_UPSCALER if trained["upscaler"] else "") + _changes(trained["changes"]),
        families=", ".join(family.title.lower() for family in FAMILIES),
        size=trained["picture_size"],
        generator=_generator(trained),
        audio=trained["audio"],
        data=_data(recordings),
        figures=table,
        folds=_FOLDS if "real_window_top1" in figures else "",
    )


def _changes(learnt: Mapping[str, int] | None) -> str:
    if learnt is None:
        return ""
    count = learnt["recordings"]
    return _CHANGES.format(recordings=f", and from {count} of the recordings" if count else "")


def _generator(trained: Mapping[str, Any]) -> str:
    text = "{generator_steps} steps, {generator_minutes} minutes on a processor".format_map(trained)
    if not trained["wide_generator_minutes"]:
        return text
    before = "made of a wider one that had learnt for {wide_generator_minutes} minutes".format_map(trained)
    return f"{text}; {before}"


def _data(recordings: Sequence[Path]) -> str:
    if not recordings:
        return "No recordings were used."
    from s2s_live.training.recordings import attribution, read_folders

    rows = attribution(read_folders(recordings).clips)
    listed = "\n".join(f"| {author} | {licence} | {source} |" for author, licence, source in rows)
    text = "The model also learnt from these recordings, whose sound is not part of it:\n\n"
    return text + "| author | licence | source |\n|---|---|---|\n" + listed
