"""A model folder: a manifest and the weights files it lists, each checked before it is read."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s2s_live.errors import ModelError
from s2s_live.store.manifest import AGAIN, FILE_NAME, FORMAT, VERSION, Manifest, parse_manifest, read_manifest

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

SUFFIX = ".safetensors"
NUMBERS = frozenset({"BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "F32", "F64"})
"""What safetensors calls those that numpy has."""


@dataclass(frozen=True)
class ModelFolder:
    """An opened folder; its weights are read by `load`."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: Path) -> ModelFolder:
        """Read the manifest and see that the files it lists are there and whole in size.

        Raises ModelError with what to do.
        """
        if not path.is_dir():
            raise ModelError(f"There is no model folder {path}.", "See `s2s-live models list`.")
        folder = cls(path.resolve(), read_manifest(path))
        for name in folder.manifest.files:
            folder._check_size(name)
        return folder

    @property
    def name(self) -> str:
        """What the manifest calls the model."""
        return self.manifest.name

    @property
    def engine(self) -> str:
        """Registry name of the engine that runs it."""
        return self.manifest.engine

    @property
    def hash(self) -> str:
        """Names manifest and weights; 16 hex digits."""
        return self.manifest.hash

    @property
    def data(self) -> Mapping[str, Any]:
        """The whole manifest."""
        return self.manifest.data

    def load(self, name: str) -> dict[str, Tensor]:
        """Tensors of `<name>.safetensors` by name, on the CPU, its checksum verified.

        Raises ModelError when the file is missing, damaged or of another format.
        """
        import safetensors
        import safetensors.torch

        content = self._read(name + SUFFIX)
        try:
            return safetensors.torch.load(content)
        except (safetensors.SafetensorError, KeyError, ValueError) as error:
            raise ModelError(
                f"{self.path / (name + SUFFIX)} is no safetensors file ({error}).", AGAIN
            ) from error

    def load_array(self, name: str, key: str, *, verified: bool = False) -> NDArray[Any] | None:
        """One tensor of `<name>.safetensors` in numpy, None where there is none of that name.

        The file's checksum is verified, unless `verified` says that it was. Raises ModelError where the file
        is missing, damaged, of another format, or holds the tensor in a type of number that numpy lacks.
        """
        import safetensors

        self._listed(name + SUFFIX)
        path = self.path / (name + SUFFIX)
        try:
            if not verified:
                self._compare(name + SUFFIX, checksum(path))
            with safetensors.safe_open(path, framework="np") as file:
                found: NDArray[Any] | None = _array(file, key) if key in file.keys() else None  # noqa: SIM118
        except (safetensors.SafetensorError, OSError, ValueError) as error:
            raise ModelError(f"{path} is no safetensors file ({error}).", AGAIN) from error
        except (TypeError, AttributeError) as error:
            hint = "Write it in 32 or 16 bits (float32, float16)."
            raise ModelError(f"{path} holds {key} in a type that cannot be read ({error}).", hint) from error
        return found

    def verify(self) -> None:
        """Read every file and compare its checksum.

        Raises ModelError at the first that differs.
        """
        for name in self.manifest.files:
            self._check_size(name)
            try:
                found = checksum(self.path / name)
            except OSError as error:
                raise self._unreadable(name, error) from error
            self._compare(name, found)

    def _check_size(self, name: str) -> None:
        path = self.path / name
        expected = self.manifest.files[name].size
        try:
            found = path.stat().st_size
        except OSError:
            raise ModelError(f"{path} is missing: the model is not complete.", AGAIN) from None
        if not path.is_file() or found != expected:
            raise ModelError(f"{path} has {found} bytes instead of {expected}: it is damaged.", AGAIN)

    def _listed(self, name: str) -> None:
        if name not in self.manifest.files:
            raise ModelError(f"The manifest of {self.path} lists no {name}.", AGAIN)
        self._check_size(name)

    def _read(self, name: str) -> bytes:
        self._listed(name)
        try:
            content = (self.path / name).read_bytes()
        except OSError as error:
            raise self._unreadable(name, error) from error
        self._compare(name, hashlib.sha256(content).hexdigest())
        return content

    def _compare(self, name: str, found: str) -> None:
        if found != self.manifest.files[name].sha256:
            path = self.path / name
            raise ModelError(f"{path} does not match its checksum: it is damaged or was changed.", AGAIN)

    def _unreadable(self, name: str, error: OSError) -> ModelError:
        return ModelError(f"{self.path / name} cannot be read ({error}).", "Check its permissions.")


def checksum(path: Path) -> str:
    """SHA-256 of a file in hexadecimal digits, read piece by piece. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_model_folder(
    folder: Path,
    manifest: Mapping[str, Any],
    weights: Mapping[str, Mapping[str, Tensor]] | Iterable[tuple[str, Mapping[str, Tensor]]],
    texts: Mapping[str, str] | None = None,
) -> ModelFolder:
    """Write a model folder at once or not at all; one that is there is replaced.

    `manifest` holds name, engine, licence and the engine's own entries; format, version and files are added.
    `weights` gives for each name the tensors of `<name>.safetensors`; as pairs made one by one, only one
    file's tensors need to be in memory. `texts` are files to read, by name, beside them.

    Raises ModelError when it cannot be written or would not be readable.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise ModelError(f"{folder} cannot be written ({error}).", "Check space and permissions.") from error
    try:
        fresh.chmod(0o755)
        files = {**_write_weights(fresh, weights), **_write_texts(fresh, texts or {})}
        data = {"format": FORMAT, "version": VERSION, **manifest, "files": files}
        parse_manifest(data, "The new manifest")
        (fresh / FILE_NAME).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
        ModelFolder.open(fresh).verify()
        _swap(fresh, folder)
    except OSError as error:
        raise ModelError(f"{folder} cannot be written ({error}).", "Check space and permissions.") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return ModelFolder.open(folder)


def _array(file: Any, key: str) -> NDArray[Any]:
    """A tensor of an open file. Raises TypeError for numbers that numpy lacks, whoever has added to those."""
    kind = file.get_slice(key).get_dtype()
    if kind not in NUMBERS:
        raise TypeError(kind)
    found: NDArray[Any] = file.get_tensor(key)
    return found


def _write_weights(
    folder: Path, weights: Mapping[str, Mapping[str, Tensor]] | Iterable[tuple[str, Mapping[str, Tensor]]]
) -> dict[str, dict[str, Any]]:
    import safetensors
    import safetensors.torch

    entries: dict[str, dict[str, Any]] = {}
    for name, tensors in weights.items() if isinstance(weights, Mapping) else weights:
        plain = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
        path = folder / (name + SUFFIX)
        try:
            safetensors.torch.save_file(plain, path)
        except safetensors.SafetensorError as error:
            raise OSError(error) from error  # so it calls a full disk
        path.chmod(0o644)
        entries[path.name] = _entry(path)
        del plain, tensors
    return entries


def _write_texts(folder: Path, texts: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return {name: _entry(folder / name) for name in texts}


def _entry(path: Path) -> dict[str, Any]:
    return {"sha256": checksum(path), "size": path.stat().st_size}


def _swap(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`."""
    if not folder.exists():
        fresh.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    aside = old / folder.name
    try:
        folder.rename(aside)
        try:
            fresh.rename(folder)
        except OSError:
            aside.rename(folder)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
