"""`s2s-live doctor`: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict

from s2s_live import __version__
from s2s_live.commands.checks.finding import Finding

MARKS = {"ok": "OK  ", "warn": "WARN", "fail": "FAIL"}
COLOURS = {"ok": "32", "warn": "33", "fail": "31"}
INDENT = " " * 22
WIDTH = 110


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "doctor",
        help="what works on this machine, what does not, and the fix",
        description="Look at libraries, processors, display, sound, models and files. OK works; WARN is "
        "something the app can do without; FAIL stops it. Exit status 1 if anything fails.",
    )
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Look at everything and report; returns 0 if the app can be used."""
    findings = []
    colour = sys.stdout.isatty()
    for finding in examine():
        findings.append(finding)
        if not options.json:
            print(line_of(finding, colour), flush=True)
    failed = [finding.name for finding in findings if finding.state == "fail"]
    if options.json:
        checks = [asdict(finding) for finding in findings]
        print(json.dumps({"version": __version__, "usable": not failed, "checks": checks}, indent=2))
    elif failed:
        print(f"\nNot usable as it is: {', '.join(failed)}.")
    else:
        print("\ns2s-live can be used on this machine.")
    return 1 if failed else 0


def examine() -> Iterator[Finding]:
    """Every finding, group by group, as it is made."""
    for check in _checks():
        yield from check()


def _checks() -> list[Callable[[], list[Finding]]]:
    from s2s_live.commands.checks.display import check_display
    from s2s_live.commands.checks.files import check_files
    from s2s_live.commands.checks.libraries import check_libraries
    from s2s_live.commands.checks.machine import check_machine
    from s2s_live.commands.checks.sound import check_sound

    return [check_libraries, check_machine, check_display, check_sound, check_files]


def line_of(finding: Finding, colour: bool = False) -> str:
    """One finding for a person: state, name, what was found and, on its own line, the fix."""
    mark = MARKS[finding.state]
    if colour:
        mark = f"\033[{COLOURS[finding.state]}m{mark}\033[0m"
    lines = [f"{mark} {finding.name:<16} {finding.text}"]
    if finding.fix:
        lines.append(textwrap.fill(finding.fix, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT))
    return "\n".join(lines)
