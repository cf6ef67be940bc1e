"""Patients: who is registered here."""
