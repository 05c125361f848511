"""The figures for reading: Markdown, and a sheet of real and made pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from s2s_live.errors import TrainingError
from s2s_live.evaluation.sound2scene.evaluating import Found
from s2s_live.opencv import cv2
from s2s_live.world.render import tile

COLUMNS = 8
SIDE = 128
REPORT, TABLE, SHEET = "report.json", "report.md", "sheet.jpg"


def write(folder: Path, figures: Mapping[str, Any], found: Found) -> None:
    """Write `report.json`, `report.md` and `sheet.jpg`. Raises TrainingError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / REPORT).write_text(json.dumps(figures, indent=2), encoding="utf-8")
        (folder / TABLE).write_text("\n".join(lines(figures, found)) + "\n", encoding="utf-8")
        (folder / SHEET).write_bytes(sheet(found))
    except OSError as error:
        raise TrainingError(f"{folder} cannot be written ({error}).", "Give another --out.") from error


def lines(figures: Mapping[str, Any], found: Found) -> Iterator[str]:
    """Markdown."""
    model = figures.get("model", {})
    yield f"# {model.get('name', 'Sound2Scene')} on {figures['clips']} clips"
    yield ""
    yield "| figure | value |"
    yield "|---|---|"
    yield f"| R@1 | {_share(figures['r1'])} |"
    yield f"| R@5 | {_share(figures['r5'])} |"
    yield f"| FID | {_number(figures['fid'])} |"
    score = figures["is"]
    spread = f" ± {_number(score['deviation'])}" if score else ""
    yield f"| IS | {_number(score['mean'] if score else None)}{spread} |"
    yield ""
    yield "| category | clips | R@1 | R@5 | feature gap |"
    yield "|---|---|---|---|---|"
    for name, row in figures["categories"].items():
        shares = f"{_share(row.get('r1'))} | {_share(row.get('r5'))}"
        yield f"| {name} | {row['clips']} | {shares} | {_number(row.get('feature_gap'))} |"
    yield ""
    shown = ", ".join(label for label, _, _ in found.shown)
    yield f"![Frames and, below each, the picture made of its sound]({SHEET})"
    yield ""
    yield f"In pairs of rows, a real frame above what was made of its sound: {shown}."
    for note in figures["notes"]:
        yield f"\nNote: {note}"
    for name, reason in figures["problems"]:
        yield f"\nLeft out: {name} {reason}."


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100.0 * value:.1f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def sheet(found: Found) -> bytes:
    """JPEG: rows of real frames, each above the row of what was made. Raises OSError."""
    rows = []
    for at in range(0, len(found.shown), COLUMNS):
        part = found.shown[at : at + COLUMNS]
        for pictures in ([real for _, real, _ in part], [made for _, _, made in part]):
            small = [functional.interpolate(picture[None], (SIDE, SIDE), mode="area") for picture in pictures]
            blank = torch.full((COLUMNS - len(part), 3, SIDE, SIDE), -1.0)
            rows.append(torch.cat([*small, blank]))
    pixels = tile(torch.cat(rows) * 0.5 + 0.5, COLUMNS)
    ok, data = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    if not ok:
        raise OSError("the sheet cannot be encoded")
    return bytes(data.tobytes())
