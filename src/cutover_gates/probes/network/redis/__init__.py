"""The Redis of the target."""
