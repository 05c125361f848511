"""The model folders: manifest, verification, bundled files."""

from s2s_live.store.places import bundled

__all__ = ["bundled"]
