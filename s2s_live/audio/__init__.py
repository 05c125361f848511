"""Sound in: devices, sources, the programme and its level."""
