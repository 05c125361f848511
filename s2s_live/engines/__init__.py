"""The engines: what hears windows and paints frames."""
