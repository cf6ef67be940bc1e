"""Versions, names, checksums and states by Flyway's rules, without a database."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cutover.database.history.flyway import (
    Version,
    checksum,
    named,
    nearly_named,
    replaced,
    unfilled,
)
from cutover.database.history.scripts import Script, from_nothing
from cutover.database.history.states import states
from tests.database.history.written import FILES, numbered, ran


def script(name: str, content: str = "") -> Script:
    read = named(name)
    assert read is not None
    raw = (FILES.get(name, content)).encode()
    return Script(
        read.kind,
        read.version,
        read.description,
        name,
        Path(name),
        raw,
        checksum(raw),
        hashlib.sha256(raw).hexdigest(),
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", 0),
        (b"SELECT 1;\n", 78787420),
        (b"SELECT 1;\r\n", 78787420),
        (b"\xef\xbb\xbfSELECT 1;", 78787420),
        ("INSERT INTO p VALUES ('José');".encode(), -240743555),
        (
            b"alter table location_history add column valid_until timestamp with time zone;",
            -1039259818,
        ),
        (
            (
                b"DROP TABLE IF EXISTS settings;\nCREATE TABLE IF NOT EXISTS settings (\n    id"
                b" INTEGER PRIMARY KEY\n);"
            ),
            -723451720,
        ),
    ],
)
def test_a_checksum_is_flyways(content: bytes, expected: int) -> None:
    assert checksum(content) == expected


def test_only_flyways_line_ends_are_left_out() -> None:
    """A vertical tab or a line separator is a character like any other."""
    assert checksum(b"a\x0bb") != checksum(b"ab") != checksum("a\u2028b".encode())
    assert checksum(b"-- x\nDELETE FROM visits;") == checksum(b"-- xDELETE FROM visits;")


def test_what_is_not_utf_8_has_no_checksum() -> None:
    with pytest.raises(UnicodeDecodeError):
        checksum(b"-- \xe9")


def test_versions_are_compared_by_number() -> None:
    assert Version.of("1") == Version.of("1.0") == Version.of("01") == Version.of("1_0_0")
    assert (
        Version.of("1.2")
        < Version.of("1.10")
        < Version.of("2")
        < Version.of("20260101120000000000000000001")
    )
    assert hash(Version.of("1")) == hash(Version.of("1.0"))


@pytest.mark.parametrize("text", ["", "1.", "a", "1-2", "1..2", ".1", "１"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        Version.of(text)


@pytest.mark.parametrize(
    ("name", "almost"),
    [
        ("v1__x.sql", True),
        ("V1_x.sql", True),
        ("Rx__y.sql", False),
        ("schema.sql", False),
        ("beforeMigrate.sql", False),
        ("V1__x.txt", False),
    ],
)
def test_a_name_to_the_letter_or_none(name: str, almost: bool) -> None:
    assert named(name) is None
    assert nearly_named(name) == almost


def test_placeholders_know_no_upper_case() -> None:
    assert replaced("GRANT ${Role} ${other}", {"ROLE": "app"}) == "GRANT app ${other}"
    assert unfilled("${Role} ${other}", {"ROLE": "app"}) == ["other"]


def test_an_empty_database_gets_the_highest_baseline_script_and_what_is_above_it() -> None:
    names = [
        "V1__a.sql",
        "V2__b.sql",
        "B2__b.sql",
        "B1__a.sql",
        "V10__d.sql",
        "V3__c.sql",
        "R__z.sql",
        "R__a.sql",
        "U3__c.sql",
    ]
    assert [each.file_name for each in from_nothing(map(script, names))] == [
        "B2__b.sql",
        "V3__c.sql",
        "V10__d.sql",
        "R__a.sql",
        "R__z.sql",
    ]


def test_what_was_undone_is_pending_again() -> None:
    """Only paid editions undo, so no `flyway info` to hold this against: the rule is the documented
    one.
    """
    rows = numbered(
        [ran("V1__patients.sql"), ran("V2__visits.sql"), ran("U2__visits.sql", "", type="UNDO_SQL")]
    )
    files = [script(name) for name in ("V1__patients.sql", "V2__visits.sql", "U2__visits.sql")]
    found = [(each.state, str(each.version), each.row is None) for each in states(files, rows)]
    assert found == [
        ("Success", "1", False),
        ("Undone", "2", False),
        ("Success", "2", False),
        ("Pending", "2", True),
    ]


def test_what_was_undone_and_applied_again_stands() -> None:
    rows = numbered(
        [
            ran("V1__patients.sql"),
            ran("U1__patients.sql", "", type="UNDO_SQL"),
            ran("V1__patients.sql"),
        ]
    )
    assert [each.state for each in states([script("V1__patients.sql")], rows)] == [
        "Undone",
        "Success",
        "Success",
    ]
