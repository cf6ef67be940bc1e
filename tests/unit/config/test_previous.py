"""`[targets.NAME.previous]`: a mistake is explained, and no secret gets on a command line."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from cutover_gates.config.previous import PreviousRelease

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"command": ["run", "--db={dsn}"]}, "{dsn} is not known; known are {port}"),
        ({"command": ["run", "--db={password}"]}, "{password} is not known"),
        ({"command": ["run", "{"]}, "double a brace that is meant"),
        ({"environment": {"URL": "{url}"}}, "{url} is not known; known are {dsn}, {host}"),
        ({"image": "i", "digest": "sha256:1"}, "String should match pattern"),
        ({"differs": {"url": "http://x"}}, "url is not known; known are driver, rest"),
        ({"differs": {"database": {}}}, "database is not known"),
        ({"ready_path": "ready"}, "String should match pattern"),
    ],
)
def test_a_mistake_is_explained(table: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        PreviousRelease.model_validate(table)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("table", "is_declared"),
    [({}, False), ({"command": ["run"]}, True), ({"image": "i", "digest": DIGEST}, True)],
)
def test_it_is_declared_by_a_command_or_an_image(table: dict[str, Any], is_declared: bool) -> None:
    assert PreviousRelease.model_validate(table).is_declared is is_declared
