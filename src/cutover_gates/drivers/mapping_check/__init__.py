"""The mapping check: each operation is tried once, to find wrong lines of the mapping."""
