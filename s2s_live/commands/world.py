"""`s2s-live world`: the bundled world itself, its families and their painted scenes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from s2s_live.errors import S2SError

SMALLEST, LARGEST = 16, 1024


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("world", help="the bundled world: its families, a sheet of its scenes")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    families = actions.add_parser("families", help="the sound families it knows")
    families.add_argument("--json", action="store_true", help="print JSON alone")
    families.set_defaults(run=_families)
    sheet = actions.add_parser(
        "sheet",
        help="paint every family at three intensities",
        description="Writes a picture of every family's scene at three intensities, as the renderer has it.",
    )
    sheet.add_argument("output", metavar="OUT.png", type=Path, help="picture to write")
    sheet.add_argument(
        "--size", type=pixels, default=256, metavar="PIXELS", help="of each scene (default: 256)"
    )
    sheet.add_argument("--seed", type=int, default=0, help="another seed, other scenes (default: 0)")
    sheet.set_defaults(run=_sheet)


def pixels(text: str) -> int:
    """A size from the command line; raises ArgumentTypeError where it is out of range."""
    size = int(text)
    if not SMALLEST <= size <= LARGEST:
        raise argparse.ArgumentTypeError(f"must be {SMALLEST} to {LARGEST} pixels, not {size}")
    return size


def _families(options: argparse.Namespace) -> int:
    from s2s_live.world.families import FAMILIES

    if options.json:
        print(json.dumps([{"id": family.id, "title": family.title} for family in FAMILIES], indent=2))
        return 0
    for family in FAMILIES:
        print(f"{family.id:<16} {family.title}")
    return 0


def _sheet(options: argparse.Namespace) -> int:
    from s2s_live.world.render import world_sheet

    try:
        world_sheet(options.output, options.size, options.seed)
    except OSError as error:
        raise S2SError(f"{options.output} cannot be written ({error.strerror}).", "Name another.") from error
    return 0
