"""What the suites ask of a target's database: the only place that knows SQL."""
