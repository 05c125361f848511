"""A show with the tiny model and a test sound."""

import pytest

from s2s_live.audio.feed import Feed
from s2s_live.audio.synthetic import TestSource
from s2s_live.engines.registry import open_engine
from s2s_live.engines.sound2scene.tiny import write_tiny_model


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = open_engine(write_tiny_model(tmp_path_factory.mktemp("models") / "tiny"))
    yield engine
    engine.close()


@pytest.fixture
def feed():
    feed = Feed()
    feed.play(TestSource())
    feed.start()
    yield feed
    feed.stop()
