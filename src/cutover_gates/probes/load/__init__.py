"""Load: a run in processes of its own, its samples, what they prove, and what the target used
meanwhile. Nothing here imports locust into pytest.
"""
