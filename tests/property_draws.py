"""How hypothesis draws: the same texts in every run of a change, others in every thorough run."""

from __future__ import annotations

import os

from hypothesis import settings

RANDOM = "TESTS_DRAW_AT_RANDOM"
"""The variable with which `tox run -e thorough` draws anew."""


def load_profile() -> None:
    """Load the profile. Call it before a module with `@given` or `settings` is imported.

    A run of a change must not fail by a text that was drawn for the first time: nothing that was
    changed is to blame for it.
    """
    settings.register_profile("repeated", derandomize=True, database=None)
    settings.register_profile("drawn anew", print_blob=True)
    settings.load_profile("drawn anew" if os.environ.get(RANDOM) else "repeated")
