"""Visits: a patient comes, stays, and leaves."""
