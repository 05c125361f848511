"""One of the processes of a test: trains in the folder FOLDER on the pairs in DATA."""

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
folder, data = Path(sys.argv[1]), Path(sys.argv[2])
team = Team.join(torch.device("cpu"))
source = open_source(data)
training, held = split(source.pairs, 0.2)
torch.manual_seed(7)
layers = [nn.Conv2d(3, 8, 9, stride=8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 16)]
recipe = Recipe(epochs=2, batch=5, encoder=AudioEncoderConfig(18, 4, 16))
material = Material(Pairs(source, training), Pairs(source, held))
Trainer(folder, material, nn.Sequential(*layers, nn.ReLU()), recipe, team=team).train()
