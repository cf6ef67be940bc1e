"""The audit log: who touched whose record."""
