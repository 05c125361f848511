"""`s2s-live models`: list and verify model folders, import and download published ones, remove one's own."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from s2s_live.errors import ModelError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("models", help="list, verify, import, download or remove models")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    listing = actions.add_parser("list", help="the models that can be run")
    listing.add_argument("--json", action="store_true", help="print JSON alone")
    listing.set_defaults(run=_list)
    verify = actions.add_parser("verify", help="check files and checksums")
    verify.add_argument("names", nargs="*", metavar="NAME", help="names or folders (default: all)")
    verify.add_argument("--json", action="store_true", help="print JSON alone")
    verify.set_defaults(run=_verify)
    _add_import(actions)
    _add_download(actions)
    remove = actions.add_parser("remove", help="delete a model of your own")
    remove.add_argument("name", metavar="NAME", help="as `models list` shows it")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    remove.set_defaults(run=_remove)


def _add_import(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    importing = actions.add_parser("import", help="make a model of files that others published")
    systems = importing.add_subparsers(title="systems", metavar="SYSTEM", dest="system", required=True)
    official = systems.add_parser(
        "sound2scene",
        help="Sound2Scene with a generator of IC-GAN",
        description="Reads the official files (never running what they may hold), checks every tensor, and "
        "writes a model folder of your own.",
    )
    official.add_argument("--audio-encoder", required=True, type=Path, metavar="FILE", help="sound2scene.pth")
    official.add_argument(
        "--generator",
        required=True,
        type=Path,
        metavar="FOLDER",
        help="unpacked folder of a generator, such as icgan_biggan_imagenet_res128, or its G_ema file",
    )
    official.add_argument(
        "--image-encoder", type=Path, metavar="FILE", help="SwAV, swav_800ep_pretrain.pth.tar"
    )
    official.add_argument(
        "--label", type=int, metavar="N", help="the class that a class-conditional generator is to paint"
    )
    official.add_argument("--name", metavar="NAME", help="what to call the model (default: by its size)")
    official.set_defaults(run=_import_sound2scene)


def _add_download(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    download = actions.add_parser("download", help="fetch published files, or say where they are")
    download.add_argument("name", nargs="?", metavar="NAME", help="which (default: show what there is)")
    download.add_argument("--accept-licence", action="store_true", help="accept its licence without asking")
    download.add_argument("--to", type=Path, metavar="FOLDER", help="where to (default: your data folder)")
    download.set_defaults(run=_download)


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


def _import_sound2scene(options: argparse.Namespace) -> int:
    from s2s_live.engines.sound2scene.importing import Official, Sound2SceneImport
    from s2s_live.store.library import new_model

    if options.name is not None:
        new_model(options.name)  # before files of hundreds of megabytes are read
    files = Official(options.audio_encoder, options.generator, options.image_encoder)
    found = Sound2SceneImport(files, options.label)
    name = options.name or found.default_name
    written = found.write(new_model(name), name)
    print(f"{name}: {found.summary}")
    print(f"Written to {written.path}. {written.manifest.licence}")
    for note in found.notes:
        print(f"Note: {note}")
    print(f"Run it with: s2s-live run --model {name}")
    return 0


def _remove(options: argparse.Namespace) -> int:
    from s2s_live.store.library import remove_model, users_model

    folder = users_model(options.name)
    if not options.yes and not _agreed(f"Delete {folder}?", "--yes"):
        print("Nothing was removed.")
        return 1
    print(f"Removed {remove_model(options.name)}.")
    return 0


def _agreed(question: str, option: str) -> bool:
    """Ask for a yes. Raises ModelError where nobody can answer."""
    if not sys.stdin.isatty():
        raise ModelError(f"{question} Nobody is there to be asked.", f"Add {option} if so.")
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


def _download(options: argparse.Namespace) -> int:
    from s2s_live.store.download import fetch
    from s2s_live.store.locations import find_location
    from s2s_live.store.places import user_downloads

    if options.name is None:
        return _show_locations()
    location = find_location(options.name)
    licence = location.licence
    folder = options.to or user_downloads()
    print(f"{location.title}\nLicence: {licence.name}\n{licence.summary}\n{licence.page}")
    if location.address is None:
        print(f"There is no known address of {location.file} itself. Look at {location.page}")
        print(f"Bring {location.bring}, and give it to `models import` with {location.use}.")
        return 1
    if not options.accept_licence and not _agreed("Do you accept this licence?", "--accept-licence"):
        print("Nothing was downloaded.")
        return 1
    got = fetch(location, folder, _show_progress)
    print(f"{got}\nUse it with: s2s-live models import sound2scene {location.use} {got}")
    return 0


def _show_locations() -> int:
    from s2s_live.store.locations import locations

    for name, location in locations().items():
        where = location.address or f"{location.page} (by hand)"
        print(f"{name}\n    {location.title}\n    {where}\n    {location.licence.name}")
    return 0


def _show_progress(have: int, total: int | None) -> None:
    if sys.stderr.isatty():
        share = f" of {total / 1e6:.0f}" if total else ""
        print(f"\r{have / 1e6:.0f}{share} MB", end="" if have != total else "\n", file=sys.stderr)
