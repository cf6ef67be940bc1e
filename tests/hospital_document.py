"""The API document of the embedded hospital, from its application: no server runs for it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from reference.app import create_app
from reference.settings import RELEASE_BEFORE, Settings


def load_document() -> dict[str, Any]:
    """Return a fresh copy of 2.0.0's document, under the number of the release before.

    Tests of single differences need two documents that differ in nothing else.
    """
    return dict(json.loads(_render()))


@cache
def _render() -> str:
    settings = Settings("postgresql://nowhere", "no key", release=RELEASE_BEFORE)
    return json.dumps(create_app(settings).openapi())
