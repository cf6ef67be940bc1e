"""Questions to a target's database. No other package of the project holds SQL."""
