"""Backups: the newest one is found, read to its end, restored, and compared with the data."""
