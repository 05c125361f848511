"""The bundled world: noise fields, painted scenes, synthesised sounds."""
