"""Patients: registration, search, changes and removal."""
