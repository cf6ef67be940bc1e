"""Statistics that load and rollout share: when a run may end, and how certain a figure is.

Pure functions. Nothing here knows of requests, targets or clocks.
"""
