"""Measurement: counts and hashes of tables, taken at one moment. It knows no snapshot."""
