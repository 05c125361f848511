"""How well a model of the bundled world paints, beside the renderer that it learnt from."""
