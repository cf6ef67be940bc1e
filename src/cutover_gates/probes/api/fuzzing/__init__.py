"""Fuzzing: one bounded run of schemathesis over the API's document."""
