"""Rows: counted, fingerprinted, and held against a snapshot."""
