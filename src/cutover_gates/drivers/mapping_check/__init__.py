"""The mapping check: each operation of a target is tried once, to find wrong lines of the mapping."""
