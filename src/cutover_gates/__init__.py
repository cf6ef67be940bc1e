"""Executable go/no-go gates for the cutover of a hospital's management backend."""
