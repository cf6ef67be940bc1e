"""Texts of settings files that several tests use."""

from __future__ import annotations

from collections.abc import Callable

from cutover_gates.config.settings import Settings

SECRET = "correct-horse-battery"
STAGING = """
[targets.staging]
url = "https://staging.example"
[targets.staging.users.registrar]
username = "r"
"""
PASSWORD = "CUTOVER_TARGETS__STAGING__USERS__REGISTRAR__PASSWORD"

Load = Callable[..., Settings]
"""`load(toml, {variable: value}, target=...)`, the type of the fixture `load`."""
