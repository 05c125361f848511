"""Converted networks stay out of the user's cache."""

import platformdirs
import pytest


@pytest.fixture(autouse=True, scope="package")
def cache_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(platformdirs, "user_cache_path", lambda *_args, **_kwargs: folder)
        yield folder
