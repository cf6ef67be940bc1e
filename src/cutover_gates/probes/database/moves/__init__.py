"""Moves: rows that a migration moves between tables, measured as if they had stayed in one."""
