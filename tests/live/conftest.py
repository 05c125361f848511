"""A show with the tiny model and a test sound."""

import pytest

from s2s_live.audio.feed import Feed
from s2s_live.audio.synthetic import TestSource
from s2s_live.engines.registry import open_engine


@pytest.fixture(scope="module")
def engine(tiny_folder):
    engine = open_engine(tiny_folder)
    yield engine
    engine.close()


@pytest.fixture
def feed():
    feed = Feed()
    feed.play(TestSource())
    feed.start()
    yield feed
    feed.stop()
