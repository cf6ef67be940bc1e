"""What numbers prove: `sequential` says when a run may end, `intervals` how sure a figure is,
`bursts` how much bursts take of that.

Pure functions. Nothing here knows of requests, targets or clocks.
"""
