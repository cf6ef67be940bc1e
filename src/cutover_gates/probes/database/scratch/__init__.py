"""Scratch servers: databases that are made, filled and removed. Nothing here writes to the target."""
