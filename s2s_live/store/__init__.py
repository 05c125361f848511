"""The model folders: manifest, verification, bundled files."""
