"""`s2s-live devices`: the sound inputs and outputs there are."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s2s_live.audio.devices import Device

EPILOG = """\
`s2s-live run --device NAME` takes a name or an id; "default" follows the system's default."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("devices", help="list sound inputs and outputs", epilog=EPILOG)
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List them; a machine without any is no error."""
    from s2s_live.audio.devices import list_inputs, list_outputs

    inputs, outputs = list_inputs(), list_outputs()
    if options.json:
        lists = {"inputs": inputs, "outputs": outputs}
        print(
            json.dumps({key: [asdict(device) for device in found] for key, found in lists.items()}, indent=2)
        )
        return 0
    print_devices("Inputs", inputs)
    print_devices("Outputs", outputs)
    return 0


def print_devices(title: str, devices: Sequence[Device]) -> None:
    """A small table; the system's default is marked with a star."""
    print(f"{title}:" if devices else f"{title}: none")
    for device in devices:
        mark = "*" if device.is_default else " "
        shape = f"{device.channels} ch, {device.rate} Hz" if device.rate else "whatever the system uses"
        print(f" {mark} {device.id:<40} {device.name:<40} {device.kind:<9} {shape}")
