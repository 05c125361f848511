"""A tiny model, written once; converted networks stay out of the user's cache."""

import platformdirs
import pytest

from s2s_live.engines.sound2scene.tiny import write_tiny_model


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(autouse=True, scope="package")
def cache_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(platformdirs, "user_cache_path", lambda *_args, **_kwargs: folder)
        yield folder
