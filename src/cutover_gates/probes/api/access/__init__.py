"""Access: every operation, requested as everybody who may or may not use it."""
