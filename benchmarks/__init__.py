"""Cost of the suite: `python -m benchmarks`. See `__main__`."""
