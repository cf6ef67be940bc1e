"""Scratch servers: databases are made, filled and removed. Nothing is written to the target."""
