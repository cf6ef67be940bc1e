"""Load: a run in processes of its own, its samples, and what they prove.

The use of the target's resources meanwhile belongs to it. Nothing here imports locust into pytest.
"""
