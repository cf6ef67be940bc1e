"""The API's own document: where it comes from, and whether it is valid and complete."""
