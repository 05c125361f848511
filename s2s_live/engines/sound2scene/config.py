"""The networks as numbers: what a model folder's manifest says about its encoder and its generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

from s2s_live.errors import ModelError

Norm = Literal["bigbn", "none"]
"""`bigbn`: conditional batch-norm with stored statistics; `none`: the conditional affine alone."""

Pool = Literal["avg", "vlad"]
"""`avg`: the mean of the last maps; `vlad`: NetVLAD, of which there is one for depths 18 and 34 alone."""

ENCODER_STAGES: dict[int, tuple[bool, tuple[int, int, int, int]]] = {
    18: (False, (2, 2, 2, 2)),
    34: (False, (3, 4, 6, 3)),
    50: (True, (3, 4, 6, 3)),
    101: (True, (3, 4, 23, 3)),
    152: (True, (3, 8, 36, 3)),
}
"""By depth: whether its blocks are bottlenecks, and the blocks in each stage."""
CLUSTERS = 16
"""Of NetVLAD."""
HINT = "The manifest is damaged or of another kind; get the model folder again."
OTHER_WEIGHTS = "The weights belong to another model; get the model folder again."


@dataclass(frozen=True)
class _Config:
    """A frozen record that can be written to and read from JSON."""

    def to_json(self) -> dict[str, Any]:
        """As JSON takes it; tuples become lists."""
        return _plain(asdict(self))  # type: ignore[no-any-return]

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read what `to_json` wrote.

        Raises ModelError for missing, unknown or impossible numbers.
        """
        if not isinstance(data, Mapping):
            raise ModelError(f"{cls.__name__} must be a table, not {type(data).__name__}.", HINT)
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(data) - known)
        missing = sorted(f.name for f in fields(cls) if f.default is MISSING and f.name not in data)
        if unknown or missing:
            raise ModelError(f"{cls.__name__}: unknown {unknown}, missing {missing}.", HINT)
        return cls(**{name: _frozen(value) for name, value in data.items()})


@dataclass(frozen=True)
class AudioEncoderConfig(_Config):
    """A torchvision ResNet with one input channel, its last layer followed by ReLU."""

    depth: int
    """18, 34, 50, 101 or 152."""
    width: int
    """Channels of the first stage; 64 is torchvision's."""
    embedding_size: int
    """Length of the embedding."""
    pool: Pool = "avg"
    """How the last maps become one vector."""

    def __post_init__(self) -> None:
        if self.depth not in ENCODER_STAGES:
            raise ModelError(f"Audio encoder depth {self.depth!r} is none of {list(ENCODER_STAGES)}.", HINT)
        _whole("audio encoder width", self.width, 1, 1024)
        _whole("audio encoder embedding_size", self.embedding_size, 1, 65536)
        if self.pool not in get_args(Pool):
            raise ModelError(f"Audio encoder pool {self.pool!r} is none of {get_args(Pool)}.", HINT)
        if self.pool == "vlad" and ENCODER_STAGES[self.depth][0]:
            raise ModelError(f"Audio encoders of depth {self.depth} have no NetVLAD.", HINT)


@dataclass(frozen=True)
class FieldsConfig(_Config):
    """Noise fields (and coordinates) that blocks take beside what they upsample."""

    planes: tuple[int, ...]
    """Field planes that each block takes at the resolution it gives, first block first; 0 for none."""
    kernels: tuple[int, ...]
    """Size of the convolution, 3 or 1, that reads them in each block: 1 is cheap where pixels are many."""
    coordinates: bool = True
    """Also x and y, -1 to 1 from the first to the last pixel's centre, where the block takes anything."""
    squares: bool = False
    """With coordinates also x squared and y squared: a disc anywhere is then linear in what a block takes."""
    fine: int = 0
    """Planes at the picture's resolution where a shuffle makes it finer than the last block, which takes
    each as `shuffle**2` planes (the pixels of a cell) where no mattes do."""
    mattes: int = 0
    """Thresholds of the fine planes, x and y, one for each pixel of the picture, that are laid on the picture
    (`Detail`); 0 for none."""
    lines: int = 0
    """How many of the mattes are lines where they cross the threshold."""
    templates: int = 0
    """Learnt planes that the last block and the mattes take as well: outlines that stand still."""

    def __post_init__(self) -> None:
        _whole("fields fine", self.fine, 0, 256)
        _whole("fields mattes", self.mattes, 0, 256)
        _whole("fields lines", self.lines, 0, self.mattes)
        _whole("fields templates", self.templates, 0, 256)
        if self.mattes and not self.fine:
            raise ModelError("Generator mattes need fine fields.", HINT)
        _whole_tuple("fields planes", self.planes, 0, 256)
        _whole_tuple("fields kernels", self.kernels, 1, 3)
        if 2 in self.kernels:
            raise ModelError("Generator fields kernels are 1 or 3.", HINT)

    @property
    def coordinate_planes(self) -> int:
        """How many planes coordinates are."""
        return (4 if self.squares else 2) if self.coordinates else 0

    @property
    def fine_in_block(self) -> int:
        """Fine planes that the last block takes."""
        return 0 if self.mattes else self.fine


@dataclass(frozen=True)
class GeneratorConfig(_Config):
    """The IC-GAN BigGAN generator as numbers; `n` blocks, each doubling the resolution."""

    feature_size: int
    """Length of the unit feature that conditions it."""
    in_channels: tuple[int, ...]
    """Channels into each block, first block first."""
    out_channels: tuple[int, ...]
    """Channels out of each block."""
    z_chunk: int
    """Numbers of z per block; z has `z_chunk * (n + 1)`, or `z_chunk` where it is not hierarchical."""
    shared_size: int = 512
    """Length of the projected feature."""
    bottom: int = 4
    """Rows and columns where it starts."""
    norm: Norm = "bigbn"
    attention_after: int | None = None
    """Index of the block that self-attention follows, or null."""
    classes: int = 0
    """Class labels (cc_icgan); 0 for none."""
    class_size: int = 128
    """Length of a class's embedding, where there are classes."""
    fields: FieldsConfig | None = None
    hierarchical: bool = True
    """Each block has a chunk of z of its own, as in BigGAN; else all have the whole z, as in BigGAN-deep."""
    mapping: int = 0
    """Width of a mapping network (Karras et al. 2019) of two layers from the projected feature and z to what
    conditions the norms and the first layer; 0 for none. Lets each scene read z in its own way."""
    shuffle: int = 1
    """Pixels that the last convolution gives along each axis at once: 1, or 2 as a sub-pixel convolution
    (Shi et al. 2016), which saves a block where pixels are many."""
    final_kernel: int = 3
    """Size of the last convolution: 3, or 1 with a shuffle, which leaves what is around to the last block."""
    bounded: bool = False
    """The blocks' activations have learnt bounds, so that their convolutions can be computed in 8 bits."""
    smooth: bool = False
    """Shortcuts are doubled bilinearly, not by repeating pixels, which leaves squares to be painted over."""

    def __post_init__(self) -> None:
        for name in ("feature_size", "z_chunk", "shared_size", "bottom", "class_size"):
            _whole(f"generator {name}", getattr(self, name), 1, 65536)
        _whole("generator shuffle", self.shuffle, 1, 2)
        _whole("generator final_kernel", self.final_kernel, 1, 3)
        if self.final_kernel != 3 and (self.final_kernel == 2 or self.shuffle == 1):
            raise ModelError("Generator final_kernel is 3, or 1 with a shuffle.", HINT)
        _whole("generator mapping", self.mapping, 0, 65536)
        _whole("generator classes", self.classes, 0, 1_000_000)
        _whole_tuple("generator in_channels", self.in_channels, 1, 16384)
        _whole_tuple("generator out_channels", self.out_channels, 1, 16384)
        if self.norm not in get_args(Norm):
            raise ModelError(f"Generator norm {self.norm!r} is none of {get_args(Norm)}.", HINT)
        if len(self.in_channels) != len(self.out_channels):
            raise ModelError("Generator in_channels and out_channels differ in length.", HINT)
        if self.in_channels[1:] != self.out_channels[:-1]:
            raise ModelError("Generator blocks do not fit: each takes what the one before gives.", HINT)
        self._check_options()

    def _check_options(self) -> None:
        if self.attention_after is not None:
            _whole("generator attention_after", self.attention_after, 0, self.blocks - 1)
            if self.out_channels[self.attention_after] % 8:
                raise ModelError("Generator attention needs a multiple of 8 channels.", HINT)
        if self.mapping and (self.hierarchical or self.classes):
            raise ModelError("Generator mapping needs a z that is not hierarchical, and no classes.", HINT)
        fields = self.fields
        if fields is not None and not len(fields.planes) == len(fields.kernels) == self.blocks:
            raise ModelError("Generator fields need one number of planes and one kernel per block.", HINT)
        if fields is not None and fields.mattes and self.hierarchical:
            raise ModelError("Generator mattes need a z that is not hierarchical.", HINT)
        if fields is not None and fields.templates and not fields.planes[-1]:
            raise ModelError("Generator templates need fields in the last block.", HINT)
        if fields is not None and fields.fine and (self.shuffle == 1 or not fields.planes[-1]):
            raise ModelError("Generator fine fields need a shuffle and fields in the last block.", HINT)

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read what `to_json` wrote; see `_Config.from_json`."""
        if isinstance(data, Mapping) and data.get("fields") is not None:
            data = {**data, "fields": FieldsConfig.from_json(data["fields"])}
        return super().from_json(data)

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return len(self.in_channels)

    @property
    def z_size(self) -> int:
        """Length of z."""
        return self.z_chunk * (self.blocks + 1) if self.hierarchical else self.z_chunk

    @property
    def first_norm_z(self) -> int:
        """Index of the first number of z that the norms see."""
        return self.z_chunk if self.hierarchical else 0

    @property
    def condition_size(self) -> int:
        """Length of what conditions the norms: label, projected feature and z, or what the mapping gives."""
        if self.mapping:
            return self.mapping
        return self.shared_size + self.z_chunk + (self.class_size if self.classes else 0)

    @property
    def resolution(self) -> int:
        """Rows and columns of the picture."""
        return self.block_resolution(self.blocks - 1) * self.shuffle

    def block_resolution(self, block: int) -> int:
        """Rows and columns that block gives."""
        return self.bottom << (block + 1)

    def extra_planes(self, block: int) -> int:
        """Planes (fields and coordinates) that block takes beside what the one before gives."""
        if self.fields is None or not self.fields.planes[block]:
            return 0
        more = self.fields.coordinate_planes
        if block == self.blocks - 1:
            more += self.fields.fine_in_block * self.shuffle**2 + self.fields.templates
        return self.fields.planes[block] + more


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _whole(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ModelError(f"{name} must be a whole number in {low}..{high}, not {value!r}.", HINT)


def _whole_tuple(name: str, values: Any, low: int, high: int) -> None:
    if not isinstance(values, Sequence) or isinstance(values, str) or not 1 <= len(values) <= 12:
        raise ModelError(f"{name} must be a list of 1 to 12 whole numbers, not {values!r}.", HINT)
    for value in values:
        _whole(name, value, low, high)
