"""Replay: what the scripts of the release make of the restored backup, held against the target."""
