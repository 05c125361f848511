"""One of the processes of a test: trains in the folder FOLDER on the pairs in DATA, so many EPOCHS.

APART: each in a folder of its own within FOLDER, as on machines that share none, and with pairs of its own
where DATA has a folder of its number. DEEPER, LONGER, HELD: the second has a deeper encoder, more epochs, or
other pairs held out.
"""

import sys
from pathlib import Path

import torch
from torch import nn

from s2s_live.engines.sound2scene.config import AudioEncoderConfig
from s2s_live.training.sound2scene.items import Pairs
from s2s_live.training.sound2scene.loading import split
from s2s_live.training.sound2scene.source import open_source
from s2s_live.training.sound2scene.trainer import Material, Recipe, Trainer
from s2s_live.training.team import Team

torch.set_num_threads(1)
folder, data, epochs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
team = Team.join(torch.device("cpu"))
if "APART" in sys.argv:
    folder = folder / str(team.rank)
    data = data / str(team.rank) if (data / str(team.rank)).is_dir() else data
source = open_source(data)
odd = team.rank == 1
training, held = split(source.pairs, 0.2)
if "HELD" in sys.argv and odd:
    held = held[:-1]
torch.manual_seed(7)
layers = [nn.Conv2d(3, 8, 9, stride=8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 16)]
encoder = AudioEncoderConfig(34 if "DEEPER" in sys.argv and odd else 18, 4, 16)
recipe = Recipe(epochs=epochs + ("LONGER" in sys.argv and odd), batch=5, encoder=encoder)
material = Material(Pairs(source, training), Pairs(source, held))
Trainer(folder, material, nn.Sequential(*layers, nn.ReLU()), recipe, team=team).train()
