"""Targets: embedded or in containers (started here), or remote (described by the settings)."""
