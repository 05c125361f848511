"""Converted networks stay out of the user's cache; a network that may be run in fewer bits."""

import sys

import platformdirs
import pytest
from engines.small_network import network_maker


@pytest.fixture(autouse=True, scope="package")
def cache_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(platformdirs, "user_cache_path", lambda *_args, **_kwargs: folder)
        yield folder


@pytest.fixture
def network():
    """What makes it, as runtimes take it."""
    return network_maker()


@pytest.fixture
def without_onnx(monkeypatch):
    """As where the extra `onnx` is not installed."""
    monkeypatch.setitem(sys.modules, "s2s_live.engines.onnx_runtime", None)
