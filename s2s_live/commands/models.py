"""`s2s-live models`: what model folders there are, and whether they are whole."""

from __future__ import annotations

import argparse
import json

from s2s_live.errors import ModelError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("models", help="list or verify model folders")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    listing = actions.add_parser("list", help="the models that can be run")
    listing.add_argument("--json", action="store_true", help="print JSON alone")
    listing.set_defaults(run=_list)
    verify = actions.add_parser("verify", help="check files and checksums")
    verify.add_argument("names", nargs="*", metavar="NAME", help="names or folders (default: all)")
    verify.add_argument("--json", action="store_true", help="print JSON alone")
    verify.set_defaults(run=_verify)


def _list(options: argparse.Namespace) -> int:
    from s2s_live.store.folder import ModelFolder
    from s2s_live.store.library import list_models

    rows = []
    for path in list_models():
        try:
            folder = ModelFolder.open(path)
        except ModelError as error:
            rows.append({"name": path.name, "folder": str(path), "error": str(error)})
            continue
        rows.append({"name": folder.name, "engine": folder.engine, "hash": folder.hash, "folder": str(path)})
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    for row in rows:
        print(f"{row['name']:<20} {row.get('engine', row.get('error')):<14} {row['folder']}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from s2s_live.store.folder import ModelFolder
    from s2s_live.store.library import find_model, list_models

    rows = []
    for name in options.names or [str(path) for path in list_models()]:
        try:
            ModelFolder.open(find_model(name)).verify()
        except ModelError as error:
            rows.append({"model": name, "ok": False, "problem": str(error)})
        else:
            rows.append({"model": name, "ok": True, "problem": ""})
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            print(f"{'ok  ' if row['ok'] else 'FAIL'} {row['model']} {row['problem']}".rstrip())
    return 0 if all(row["ok"] for row in rows) else 1
