"""The evidence of a run: what its checks saw, with every secret masked, and what it created."""
