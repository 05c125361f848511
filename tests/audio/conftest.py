"""A running feed, which plays nothing yet."""

import pytest

from s2s_live.audio.feed import Feed


@pytest.fixture
def feed():
    made = Feed(seconds=10.0)
    made.start()
    yield made
    made.stop()
