"""What the suite costs: `python -m benchmarks`. See `__main__`."""
