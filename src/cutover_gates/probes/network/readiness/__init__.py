"""Readiness while the target's database is gone: it must fall, and come back."""
