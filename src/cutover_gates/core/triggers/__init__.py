"""The plan's four automatic rollback triggers as a state machine.

Pure: it is given evaluations and knows no clock, source or file. `docs/triggers.md` has its truth
table.
"""
