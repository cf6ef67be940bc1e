"""The hospital's own cutover: a snapshot of the release before, its migrations, and everything that
was declared is what came.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.database.rows import Rows
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot
from cutover.matchers.examinations import sound
from reference import announcement, cutover, postgres
from tests.database.conftest import BEFORE
from tests.database.rows.conftest import Night, hospital_tables
from tests.database.sites import site_of
from tests.faults import serve

NAME = "cut_over"


@pytest.fixture
def night(server: postgres.Server, tmp_path: Path) -> Iterator[Night]:
    """Before: a snapshot. After: the cutover, by the reference's own way."""
    server.copy(BEFORE, NAME)
    night = Night(server.dsn(NAME), site_of(server.dsn(NAME), tmp_path, tables=hospital_tables()))
    Snapshot.take(night.site)
    cutover.perform(server, NAME, announcement.accounts(), serve.HASHING)
    yield night
    server.drop(NAME)


def test_a_clean_cutover_gives_no_finding(night: Night) -> None:
    site: Site = night.site
    for question in (Rows(site).counts, Rows(site).contents, Rows(site).old_rows_remain):
        sound(question())


@pytest.mark.parametrize(
    ("happened", "names"),
    [
        (
            (
                "UPDATE visits SET status = 'cancelled', admitted_at = NULL WHERE id = (SELECT id"
                " FROM visits WHERE status = 'admitted' LIMIT 1)"
            ),
            "visits",
        ),
        (
            (
                "UPDATE patients SET family_name = CASE id WHEN a.one THEN a.b ELSE a.a END FROM"
                " (SELECT p.id AS one, q.id AS two, p.family_name AS a, q.family_name AS b FROM"
                " patients p, patients q WHERE p.family_name < q.family_name LIMIT 1) a WHERE id IN"
                " (a.one, a.two)"
            ),
            "patients",
        ),
        (
            (
                "UPDATE documents SET sha256 = repeat('0', 64) WHERE id = (SELECT id FROM documents"
                " LIMIT 1)"
            ),
            "documents",
        ),
        (
            (
                "UPDATE audit_entries SET outcome = 'allowed' WHERE id = (SELECT min(id) FROM"
                " audit_entries WHERE outcome = 'refused')"
            ),
            "audit_entries",
        ),
    ],
)
def test_a_migration_that_did_something_else_is_found(
    night: Night, happened: str, names: str
) -> None:
    night.happens(happened)
    assert names in " ".join(night.rows.contents().findings)


def test_the_cutover_of_a_hospital_at_work_is_told_from_loss(night: Night) -> None:
    night.happens(
        "INSERT INTO patients (facility, mrn, family_name, birth_date, sex) "
        "VALUES ('north', 'NEW-1', 'New', '1990-01-01', 'female')"
    )
    sound(night.rows.contents())
    assert night.rows.since().facts["came since"]["patients"]["rows"] == 1
    night.happens("DELETE FROM visits WHERE id = (SELECT min(id::text)::uuid FROM visits)")
    assert "visits" in " ".join(night.rows.counts().findings)
    assert "visits" in " ".join(night.rows.old_rows_remain().findings)
