"""The command `s2s-live`. Subcommands live in `s2s_live.commands`, one module each."""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import gc
import importlib
import logging
import os
import sys
from typing import NoReturn

from s2s_live import __version__
from s2s_live.errors import S2SError
from s2s_live.interruption import heed_interruptions
from s2s_live.logs import set_up_logging

COMMANDS = (
    "run", "devices", "render", "hear", "models", "doctor", "bench", "tune", "data", "train", "eval", "world",
)  # fmt: skip
"""In the order in which `--help` shows them."""

MODULES = {"eval": "evaluate"}
"""Modules of `s2s_live.commands` that are not called as their command is."""

EPILOG = """Without a command the app opens, like `s2s-live run`.

examples:
  s2s-live                                  open the app on the default microphone
  s2s-live run --source file:rain.ogg       watch a sound file
  s2s-live run --fullscreen 2 --record show.mp4
  s2s-live render rain.ogg rain.mp4         the same, offline
  s2s-live hear rain.ogg --json             what it hears
  s2s-live doctor                           what works on this machine, and what does not"""


class Parser(argparse.ArgumentParser):
    """Wrong use gets one clear line and exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog="s2s-live",
        description="Live sound becomes a changing, generated scene.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"s2s-live {__version__}")
    parser.add_argument("--verbose", action="store_true", help="log to standard error too")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name in COMMANDS:
        module = importlib.import_module(f"s2s_live.commands.{MODULES.get(name, name)}")
        module.add_parser(subparsers)
    return parser


def _explain_crashes() -> None:
    """A crash in a native library names the Python lines that led there, on standard error as it is now.

    A copy of it, since libraries are kept quiet by pointing the original elsewhere for moments.
    """
    if faulthandler.is_enabled():  # by PYTHONFAULTHANDLER or a test run, which know better where to
        return
    with contextlib.suppress(OSError):  # there is no standard error
        faulthandler.enable(os.dup(2))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 well, 1 failed with a message, 2 wrong use.

    As the program itself (`arguments` None) it ends the process rather than return.
    """
    status = _perform(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        _leave(status)
    return status


def _perform(given: list[str]) -> int:
    # The libraries make hundreds of thousands of objects when they are imported, none of them garbage.
    gc.set_threshold(20_000, 20, 20)
    # Waiting threads of the numeric libraries must not spin: they would take the cores of the others.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _explain_crashes()
    parser = build_parser()
    options = parser.parse_args(given)
    if options.command is None:
        options = parser.parse_args([*given, "run"])
    set_up_logging(options.verbose)
    heed_interruptions()
    try:
        return int(options.run(options))
    except S2SError as error:
        print(f"s2s-live: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output went away: `s2s-live devices | head -1`
        return 1


def _leave(status: int) -> NoReturn:
    """End the process as it is: everything of ours is closed by now.

    At an ordinary exit OpenVINO, PyTorch, Qt and PortAudio free what they hold in no set order, and now and
    then one of them crashes over what another has freed.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
