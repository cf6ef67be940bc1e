"""Versions, names, checksums and states by Flyway's rules, without a database."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cutover_gates.probes.database.history.flyway_conventions import (
    Version,
    compute_checksum,
    find_undeclared_placeholders,
    parse_script_name,
    replace_placeholders,
    resembles_migration,
)
from cutover_gates.probes.database.history.flyway_rows import LOWEST_VERSION
from cutover_gates.probes.database.history.flyway_states import compute_states
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    select_install_scripts,
)
from tests.standins.flyway_history import FILES, history_row, number_rows


def script(name: str, content: str = "") -> MigrationScript:
    read = parse_script_name(name)
    assert read is not None
    raw = (FILES.get(name, content)).encode()
    return MigrationScript(
        read.kind,
        read.version,
        read.description,
        name,
        Path(name),
        raw,
        compute_checksum(raw),
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
    assert compute_checksum(content) == expected


def test_only_flyways_line_ends_are_left_out() -> None:
    """A vertical tab or a line separator is a character like any other."""
    assert (
        compute_checksum(b"a\x0bb")
        != compute_checksum(b"ab")
        != compute_checksum("a\u2028b".encode())
    )
    assert compute_checksum(b"-- x\nDELETE FROM visits;") == compute_checksum(
        b"-- xDELETE FROM visits;"
    )


def test_what_is_not_utf_8_has_no_checksum() -> None:
    with pytest.raises(UnicodeDecodeError):
        compute_checksum(b"-- \xe9")


def test_versions_are_compared_by_number() -> None:
    assert (
        Version.parse("1") == Version.parse("1.0") == Version.parse("01") == Version.parse("1_0_0")
    )
    assert Version.parse("0") == Version.parse("0.0") < Version.parse("0.1")
    assert Version.parse("0") > LOWEST_VERSION
    assert (
        Version.parse("1.2")
        < Version.parse("1.10")
        < Version.parse("2")
        < Version.parse("20260101120000000000000000001")
    )
    assert hash(Version.parse("1")) == hash(Version.parse("1.0"))


@pytest.mark.parametrize("text", ["", "1.", "a", "1-2", "1..2", ".1", "１"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        Version.parse(text)


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
    assert parse_script_name(name) is None
    assert resembles_migration(name) == almost


def test_placeholders_know_no_upper_case() -> None:
    assert replace_placeholders("GRANT ${Role} ${other}", {"ROLE": "app"}) == "GRANT app ${other}"
    assert find_undeclared_placeholders("${Role} ${other}", {"ROLE": "app"}) == ["other"]


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
    assert [each.file_name for each in select_install_scripts(map(script, names))] == [
        "B2__b.sql",
        "V3__c.sql",
        "V10__d.sql",
        "R__a.sql",
        "R__z.sql",
    ]


def test_what_was_undone_is_pending_again() -> None:
    """Only paid editions undo, so there is no `flyway info` to compare with.

    The rule is the documented one.
    """
    rows = number_rows(
        [
            history_row("V1__patients.sql"),
            history_row("V2__visits.sql"),
            history_row("U2__visits.sql", "", type="UNDO_SQL"),
        ]
    )
    files = [script(name) for name in ("V1__patients.sql", "V2__visits.sql", "U2__visits.sql")]
    found = [
        (each.state, str(each.version), each.row is None) for each in compute_states(files, rows)
    ]
    assert found == [
        ("Success", "1", False),
        ("Undone", "2", False),
        ("Success", "2", False),
        ("Pending", "2", True),
    ]


def test_what_was_undone_and_applied_again_stands() -> None:
    rows = number_rows(
        [
            history_row("V1__patients.sql"),
            history_row("U1__patients.sql", "", type="UNDO_SQL"),
            history_row("V1__patients.sql"),
        ]
    )
    assert [each.state for each in compute_states([script("V1__patients.sql")], rows)] == [
        "Undone",
        "Success",
        "Success",
    ]
