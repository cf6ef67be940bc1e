"""Executable go/no-go gates for the cutover of a hospital's management backend.

PYTEST_DONT_REWRITE: the command imports this package before pytest could rewrite its assertions,
and pytest would warn of that in every run. There are none in this module.
"""
