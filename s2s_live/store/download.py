"""Fetching one published file: resumed where it broke off, verified, there whole or not at all."""

from __future__ import annotations

import http.client
import shutil
import ssl
import tarfile
import tempfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from s2s_live.errors import ModelError
from s2s_live.store.folder import checksum
from s2s_live.store.locations import Location

CHUNK = 1 << 18
TIMEOUT_S = 30.0
"""Without a byte for so long the connection is given up."""
AGENT = "s2s-live"
AGAIN = "Run the same command again: it goes on where it stopped."
SPACE = "Make room, or give another folder with --to."

Progress = Callable[[int, int | None], None]
"""Told (bytes there, bytes in all where known)."""


def fetch(location: Location, folder: Path, progress: Progress | None = None) -> Path:
    """Download a file into `folder`, or unpack its weights into a folder of its name there; returns which.

    What is there already is not fetched again, and what broke off is continued where the server allows.
    Raises ModelError when the file cannot be had or is not the one expected.
    """
    got, goal = folder / location.file, folder / location.name
    if location.unpack and goal.is_dir():
        return goal
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not got.is_file() or not _is_right(got, location):
            _download(location, folder, progress or (lambda _have, _total: None))
        return _unpack(got, goal) if location.unpack else got
    except OSError as error:
        raise ModelError(f"{location.file} cannot be written ({error}).", SPACE) from error


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirections, but never from a secured connection to an open one."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise urllib.error.URLError("it leads to a connection that is not secured")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """For http and https alone; `urllib.request.urlopen` would open local files too."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener


@dataclass(frozen=True)
class _Part:
    """What is there of a file, and which version of it that is part of."""

    path: Path
    tag: Path

    @property
    def have(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self.tag.unlink(missing_ok=True)


def _download(location: Location, folder: Path, progress: Progress) -> None:
    part = _Part(folder / (location.file + ".part"), folder / (location.file + ".part.tag"))
    if location.size is not None and part.have > location.size:
        part.drop()
    if location.size is None or part.have < location.size:
        _receive(location, part, progress)
    if not _is_right(part.path, location):
        part.drop()
        raise ModelError(
            f"What came for {location.file} is not the file that was expected: its checksum differs.",
            f"It was deleted. Try again, or see {location.page}",
        )
    part.tag.unlink(missing_ok=True)
    part.path.replace(folder / location.file)


def _receive(location: Location, part: _Part, progress: Progress) -> None:
    """Bring the part to its full length. Raises ModelError where that breaks off."""
    try:
        with _open(location, part) as answer:
            start = part.have if answer.status == http.HTTPStatus.PARTIAL_CONTENT else 0
            total = _total(location, answer, start)
            _check_room(part.path, total, start)
            part.tag.write_text(_version(answer), encoding="utf-8")
            with part.path.open("r+b" if start else "wb") as file:
                file.seek(start)
                have = start
                while piece := answer.read(CHUNK):
                    have += file.write(piece)
                    progress(have, total)
    except urllib.error.HTTPError as error:
        raise ModelError(
            f"{location.address} cannot be had: {error.code} {error.reason}.", f"See {location.page}"
        ) from error
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        TimeoutError,
        ConnectionError,
        ssl.SSLError,
    ) as error:
        reason = getattr(error, "reason", error)
        raise ModelError(f"{location.file} broke off: {reason or type(error).__name__}.", AGAIN) from error
    if total is not None and have < total:
        raise ModelError(f"{location.file} broke off after {have} of {total} bytes.", AGAIN)


def _open(location: Location, part: _Part) -> Any:
    """The server's answer: the rest where it has the version that the part is of, else the whole."""
    request = urllib.request.Request(location.address or "", headers={"User-Agent": AGENT})  # noqa: S310
    request.add_header("Accept-Encoding", "identity")
    version = part.tag.read_text(encoding="utf-8") if part.tag.is_file() else ""
    if part.have and version:
        request.add_header("Range", f"bytes={part.have}-")
        request.add_header("If-Range", version)
    try:
        answer = _opener().open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not part.have:
            raise
        part.drop()  # nothing lies behind what we have, and that was not enough: it was another file's
        return _open(location, part)
    span = answer.headers.get("Content-Range", "")
    if answer.status == http.HTTPStatus.PARTIAL_CONTENT and not span.startswith(f"bytes {part.have}-"):
        raise http.client.HTTPException(f"the server sent another part than asked for ({span})")
    return answer


def _version(answer: Any) -> str:
    """What names this version of the file to the server, for asking for the rest of it; empty for none."""
    tag = str(answer.headers.get("ETag", ""))
    # A weak tag promises the same meaning, not the same bytes.
    return tag if tag and not tag.startswith("W/") else str(answer.headers.get("Last-Modified", ""))


def _total(location: Location, answer: Any, start: int) -> int | None:
    """Bytes of the whole file. Raises ModelError where it is not as long as expected."""
    length = answer.headers.get("Content-Length")
    total = start + int(length) if length and length.isdigit() else None
    if location.size is not None and total not in {None, location.size}:
        raise ModelError(
            f"{location.address} has {total} bytes now, and {location.size} were expected.",
            f"It was replaced by another; see {location.page}",
        )
    return location.size if total is None else total


def _check_room(path: Path, total: int | None, start: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if total is not None and free < total - start:
        raise ModelError(f"{path.parent} has room for {free} bytes; {total - start} are needed.", SPACE)


def _is_right(path: Path, location: Location) -> bool:
    """As far as is known of the file."""
    if location.size is not None and path.stat().st_size != location.size:
        return False
    return location.sha256 is None or checksum(path) == location.sha256


def _unpack(archive: Path, goal: Path) -> Path:
    """The archive's weights files as a folder, whatever folders they lie in; the archive goes.

    Raises ModelError for what is no archive, or has no weights.
    """
    fresh = Path(tempfile.mkdtemp(prefix=f".{goal.name}-", dir=goal.parent))
    try:
        fresh.chmod(0o755)
        with tarfile.open(archive) as tar:
            for member in tar:
                # The last part of the name alone: an archive cannot write beside its folder.
                name = PurePosixPath(member.name).name
                content = tar.extractfile(member) if member.isfile() and name.endswith(".pth") else None
                if content is not None:
                    with content, (fresh / name).open("wb") as file:
                        shutil.copyfileobj(content, file, CHUNK)
        if not any(fresh.iterdir()):
            raise ModelError(f"{archive} holds no weights.", "It may have been replaced by another.")
        fresh.rename(goal)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        archive.unlink()
        raise ModelError(
            f"{archive} is damaged ({error}); it was deleted.", "Run the same command again."
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    archive.unlink()
    return goal
