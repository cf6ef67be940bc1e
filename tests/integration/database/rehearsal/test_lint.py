"""The linter's remarks count where they concern locks or the running release, and only an exception
with a reason silences one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.probes.database.rehearsal import squawk
from cutover_gates.probes.database.rehearsal.script_lint import LintAssessments, load_lint_rules
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from reference import migrate
from tests.integration.database.conftest import BEFORE, MIGRATED, CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.integration.database.rehearsal.script_folders import write_scripts

POLITE = "SET lock_timeout = '1s';\n"
INDEX = "CREATE INDEX by_phone ON patients (phone);"
FOUND = (
    "V7__x.sql:2 require-concurrent-index-creation: During normal index creation, table updates are"
    " blocked, but reads are still allowed."
)


@pytest.fixture
def linted(spare: CopyDatabase, tmp_path: Path) -> Any:
    """`linted("…")`: what is said of a V7 with this text."""

    def lint(
        text: str,
        *,
        template: str = BEFORE,
        excepted: dict[str, str] | None = None,
        **migrations: Any,
    ) -> Assessment:
        scripts = write_scripts(tmp_path, V7__x=text)
        site = make_database_context(
            spare(template),
            tmp_path,
            locations=[scripts],
            rehearsal={"lint_except": excepted or {}},
            **migrations,
        )
        return LintAssessments(site).assess_scripts()

    return lint


def test_a_script_that_hinders_nobody_has_no_finding(linted: Any) -> None:
    examination = linted(
        POLITE
        + "ALTER TABLE patients ADD COLUMN nickname varchar(200);\nCREATE TABLE t (id integer"
        " PRIMARY KEY);"
    )
    assert not examination.findings + examination.unproven
    assert examination.examined == ("V7__x.sql",)
    assert examination.facts["style, not counted"]["prefer-text-field"] == 1


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        (INDEX, "require-concurrent-index-creation"),
        (
            "ALTER TABLE visits ADD CONSTRAINT c CHECK (reason <> '');",
            "constraint-missing-not-valid",
        ),
        (
            (
                "ALTER TABLE visits ADD CONSTRAINT c CHECK (true) NOT VALID;\nALTER TABLE visits"
                " VALIDATE CONSTRAINT c;"
            ),
            "constraint-missing-not-valid",
        ),
        ("ALTER TABLE visits ALTER COLUMN reason SET NOT NULL;", "adding-not-nullable-field"),
        ("ALTER TABLE visits ALTER COLUMN reason TYPE varchar(100);", "changing-column-type"),
        ("ALTER TABLE visits DROP COLUMN state;", "ban-drop-column"),
        ("DROP TABLE visits;", "ban-drop-table"),
        ("ALTER TABLE visits RENAME COLUMN state TO status;", "renaming-column"),
        ("ALTER TABLE visits ADD COLUMN x integer NOT NULL;", "adding-required-field"),
        (
            "ALTER TABLE visits ADD FOREIGN KEY (id) REFERENCES patients (id);",
            "adding-foreign-key-constraint",
        ),
    ],
)
def test_what_locks_or_breaks_is_found(linted: Any, statement: str, rule: str) -> None:
    assert any(
        f" {rule}: " in found and found.startswith("V7__x.sql:")
        for found in linted(POLITE + statement).findings
    )


def test_a_finding_names_script_line_rule_and_reason(linted: Any) -> None:
    assert linted(POLITE + INDEX).findings == (FOUND,)


def test_a_script_without_a_lock_timeout_is_found(linted: Any) -> None:
    assert [
        found.split()[1] for found in linted("ALTER TABLE patients ADD COLUMN x text;").findings
    ] == ["require-lock-timeout:"]


def test_an_index_built_concurrently_is_not_found(linted: Any) -> None:
    """Such a script runs in no transaction, and the linter is told so."""
    assert not linted(
        POLITE + "CREATE INDEX CONCURRENTLY IF NOT EXISTS by_phone ON patients (phone);"
    ).findings


def test_an_exception_with_a_reason_is_left_out_and_told(linted: Any) -> None:
    reason = {"require-concurrent-index-creation": "the table holds two hundred rows"}
    examination = linted(POLITE + INDEX, excepted=reason)
    assert not examination.findings
    assert examination.facts["excepted"] == reason
    assert examination.facts["left out by exception"] == {"require-concurrent-index-creation": 1}


def test_an_exception_for_one_rule_is_none_for_another(linted: Any) -> None:
    assert linted(POLITE + INDEX, excepted={"ban-drop-column": "nobody reads it"}).findings == (
        FOUND,
    )


@pytest.mark.parametrize(
    "comment",
    [
        "-- squawk-ignore require-concurrent-index-creation",
        "-- squawk-ignore-file",
        "/* squawk-ignore-file */",
    ],
)
def test_a_comment_in_the_script_silences_nothing(linted: Any, comment: str) -> None:
    """Who may be locked out is not for the script to say."""
    assert FOUND.replace(":2 ", ":3 ") in linted(POLITE + comment + "\n" + INDEX).findings


def test_a_configuration_lying_about_silences_nothing(
    linted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".squawk.toml").write_text(
        'excluded_rules = ["require-concurrent-index-creation"]\n'
    )
    monkeypatch.chdir(tmp_path)
    assert linted(POLITE + INDEX).findings == (FOUND,)


def test_placeholders_are_replaced_first(linted: Any) -> None:
    text = POLITE + "CREATE ${how} by_phone ON patients (phone);"
    assert linted(text, placeholders={"how": "INDEX"}).findings == (FOUND,)
    assert not linted(text, placeholders={"how": "INDEX CONCURRENTLY IF NOT EXISTS"}).findings


def test_a_placeholder_that_nobody_declared_is_a_hole(linted: Any) -> None:
    with pytest.raises(NotProven, match=r"nothing is declared for \$\{how\}"):
        linted("CREATE ${how} by_phone ON patients (phone);")


def test_what_the_linter_cannot_read_is_a_hole(linted: Any) -> None:
    """It then says nothing else of the whole file."""
    examination = linted(f"{INDEX}\nthis is no statement;")
    assert "V7__x.sql:2 cannot be read by squawk" in examination.unproven[0]
    assert not examination.examined


def test_a_rule_that_is_new_to_us_counts(linted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "cutover_gates.probes.database.rehearsal.squawk.lint_script",
        lambda *_, **__: [squawk.LintRemark(3, "ban-something-new", "It harms.")],
    )
    assert linted("SELECT 1").findings == ("V7__x.sql:3 ban-something-new: It harms.",)


def test_the_releases_own_scripts_take_locks_and_drop_columns(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    """Release 2.0.0 is cut over with the service stopped; its scripts are found, script by script."""
    examination = LintAssessments(make_database_context(spare(BEFORE), tmp_path)).assess_scripts()
    assert len(examination.checked) == 4
    assert {found.partition(":")[0] for found in examination.findings} == set(examination.checked)


def test_without_squawk_nothing_is_proven(linted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(NotProven, match="squawk is not installed: pip install squawk-cli"):
        linted(INDEX)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('{}')", "gave no answer that can be read"),
        ("print('[{}]')", "cannot be read"),
        ("raise SystemExit('it broke')", "it broke"),
        ("", "it said nothing"),
    ],
)
def test_an_answer_that_is_none_is_a_hole(tmp_path: Path, code: str, said: str) -> None:
    broken = tmp_path / "squawk"
    broken.write_text(f"#!{sys.executable}\n{code}\n")
    broken.chmod(0o755)
    with pytest.raises(NotProven, match=said):
        squawk.lint_script(broken, INDEX, major=18, in_transaction=True)


def test_nothing_pending_and_no_snapshot_is_nothing_proven(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    with pytest.raises(
        NotProven,
        match="no script is pending on the target, and which ones the cutover brought is not known",
    ):
        LintAssessments(make_database_context(spare(MIGRATED), tmp_path)).assess_scripts()


def test_after_the_cutover_what_it_brought_is_linted(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare(BEFORE)
    site = make_database_context(dsn, tmp_path)
    take_snapshot(site)
    migrate.migrate(dsn)
    assert [name.partition("_")[0] for name in LintAssessments(site).assess_scripts().checked] == [
        "V7",
        "V8",
        "V9",
        "V10",
    ]


def test_no_rule_stands_in_two_lists() -> None:
    listed = [name for names in load_lint_rules().values() for name in names]
    assert set(load_lint_rules()) == {"lock", "break", "style"}
    assert len(listed) == len(set(listed))
