"""The audit log: each use of a patient's record."""
