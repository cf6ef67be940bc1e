"""Edges of the histogram of response times, in seconds."""

EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.5, 5.0)
"""One edge is twice the baseline of `reference/monitoring/rules.yml`: slow requests are counted."""
