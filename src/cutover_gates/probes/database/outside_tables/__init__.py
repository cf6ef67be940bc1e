"""Data that no table's rows show: large objects, positions of sequences, materialised views."""
