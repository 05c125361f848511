"""The network behind the change detector: how old is the newest sound of a window?"""

from __future__ import annotations

from torch import Tensor, nn

from s2s_live.engines.sound2scene.change_detector import AGES, FRAMES, MELS

_CHANNELS = (16, 40, 64, 96)
_TIMES, _ROWS = FRAMES // 4, MELS // 16
"""What four convolutions leave of a window."""
_MIXED, _HIDDEN = 64, 128
_DROPOUT = 0.2


class ChangeNetwork(nn.Module):
    """Log-mel windows `[B, 1, MELS, FRAMES]` to logits `[B, len(AGES)]` of how old their newest sound is.

    The classes are those of `AGES`. Where things are in time is kept up to the last layers, which is what an
    encoder that pools a window cannot tell. 9 million multiplications, 0.3 million weights.
    """

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = _CHANNELS
        self.body = nn.Sequential(
            *_block(1, a, 5, (2, 2)), *_block(a, b, 3, (2, 1)), *_block(b, c, 3, (2, 2)),
            *_block(c, d, 3, (2, 1)),
        )  # fmt: skip
        self.mix = nn.Sequential(nn.Conv1d(d * _ROWS, _MIXED, 1), nn.ReLU())
        self.head = nn.Sequential(
            nn.Dropout(_DROPOUT), nn.Linear(_MIXED * _TIMES, _HIDDEN), nn.ReLU(), nn.Dropout(_DROPOUT),
            nn.Linear(_HIDDEN, len(AGES)),
        )  # fmt: skip

    def forward(self, windows: Tensor) -> Tensor:
        """Logits."""
        maps = self.body(windows)
        return self.head(self.mix(maps.flatten(1, 2)).flatten(1))  # type: ignore[no-any-return]


def _block(wide: int, narrow: int, kernel: int, stride: tuple[int, int]) -> list[nn.Module]:
    convolution = nn.Conv2d(wide, narrow, kernel, stride, kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(narrow), nn.ReLU()]
