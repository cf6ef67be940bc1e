"""Every way in which content may change is found, by the table's name; and the same tables left
alone give no finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cutover.database.rows.fingerprint import Field, hashed
from cutover.evidence.examination import Examination
from cutover.matchers.examinations import sound
from reference import postgres
from tests.database.conftest import BEFORE
from tests.database.rows.conftest import Night
from tests.database.rows.hazards import HAZARDS, TYPES
from tests.database.sites import site_of

NAME = "harmed"


@pytest.fixture(scope="module")
def night(server: postgres.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """One database with a table for each hazard, a snapshot of it taken."""
    server.copy(BEFORE, NAME)
    with psycopg.connect(server.dsn(NAME), autocommit=True) as connection:
        for statement in (
            *TYPES,
            *(statement for name, hazard in HAZARDS.items() for statement in hazard.created(name)),
        ):
            connection.execute(statement.encode())
    folder: Path = tmp_path_factory.mktemp("harmed")
    night = Night(server.dsn(NAME), site_of(server.dsn(NAME), folder))
    yield night
    server.drop(NAME)


@pytest.fixture(scope="module")
def clean(night: Night) -> Examination:
    """What is said before anything happens."""
    sound(night.rows.taken())
    return night.rows.contents()


@pytest.fixture(scope="module")
def harmed(night: Night, clean: Examination) -> Examination:
    """What is said when everything has happened."""
    assert not clean.findings
    night.happens(
        *(statement for name, hazard in HAZARDS.items() for statement in hazard.harmed(name))
    )
    return night.rows.contents()


def test_nothing_happened_and_nothing_is_found(clean: Examination) -> None:
    sound(clean)
    assert set(HAZARDS) <= set(clean.examined)


@pytest.mark.parametrize("name", HAZARDS)
def test_it_is_found(name: str, harmed: Examination) -> None:
    assert any(finding.startswith(f"{name}: ") for finding in harmed.findings)
    assert name not in harmed.examined


def test_what_was_left_alone_is_not_accused(harmed: Examination) -> None:
    assert {"patients", "visits", "documents", "audit_entries"} <= set(harmed.examined)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (Field('"x"', 142, "xml"), '(("x")::text COLLATE "C")'),
        (Field('"x"', 25, "text"), '("x" COLLATE "C")'),
        (Field('"x"', 1700, "numeric"), '"x", scale("x")'),
        (Field('"x"', 20, "bigint"), '"x"'),
        (Field('"x"', 987654, "citext"), '(("x")::text COLLATE "C")'),
    ],
)
def test_what_this_server_cannot_do_is_hashed_as_the_bytes_of_a_dump(
    field: Field, said: str
) -> None:
    """XML, and texts whose collation or type holds a and A equal, are not in every build."""
    assert hashed(field).as_string(None) == said
