"""A remark of the linter on locks or the running release counts, unless the settings except it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.rehearsal import rules, squawk
from cutover_gates.probes.database.rehearsal.script_lint import LintAssessments, load_lint_rules
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from reference import migrate
from tests.findings import list_breaches, list_gaps, raises_gap
from tests.integration.database.conftest import BEFORE, MIGRATED, CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.integration.database.rehearsal.script_folders import write_scripts

POLITE = "SET lock_timeout = '1s';\n"
INDEX = "CREATE INDEX by_phone ON patients (phone);"
SQUAWK_RULE = "require-concurrent-index-creation"
FOUND = (rules.LOCKING_STATEMENT, "V7__x.sql:2")


@pytest.fixture
def linted(unchanged: CopyDatabase, tmp_path: Path) -> Any:
    """Return the function that lints a script V7 with the given text."""

    def lint(
        text: str,
        *,
        template: str = BEFORE,
        excepted: dict[str, str] | None = None,
        **migrations: Any,
    ) -> Assessment:
        scripts = write_scripts(tmp_path, V7__x=text)
        context = make_database_context(
            unchanged(template),
            tmp_path,
            locations=[scripts],
            rehearsal={"lint_except": excepted or {}},
            **migrations,
        )
        return LintAssessments(context).assess_scripts()

    return lint


def test_a_script_that_hinders_nobody_has_no_finding(linted: Any) -> None:
    assessment = linted(
        POLITE
        + "ALTER TABLE patients ADD COLUMN nickname varchar(200);\nCREATE TABLE t (id integer"
        " PRIMARY KEY);"
    )
    assert not assessment.findings + assessment.not_proven
    assert assessment.checked == ("V7__x.sql",)
    assert assessment.figures["style, not counted"]["prefer-text-field"] == 1


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
    findings = linted(POLITE + statement).findings
    assert rule in {finding.actual.partition(":")[0] for finding in findings}
    assert {finding.subject.partition(":")[0] for finding in findings} == {"V7__x.sql"}


def test_a_finding_names_script_line_rule_and_reason(linted: Any) -> None:
    (finding,) = linted(POLITE + INDEX).findings
    assert (finding.rule, finding.subject) == FOUND
    assert finding.actual.startswith(f"{SQUAWK_RULE}: During normal index creation")


def test_what_breaks_the_running_release_is_a_rule_of_its_own(linted: Any) -> None:
    findings = linted(POLITE + "ALTER TABLE visits DROP COLUMN state;").findings
    assert rules.BREAKING_STATEMENT in {finding.rule for finding in findings}


def test_a_script_without_a_lock_timeout_is_found(linted: Any) -> None:
    (finding,) = linted("ALTER TABLE patients ADD COLUMN x text;").findings
    assert finding.rule == rules.LOCKING_STATEMENT
    assert finding.actual.startswith("require-lock-timeout: ")


def test_an_index_built_concurrently_is_not_found(linted: Any) -> None:
    """Such a script runs in no transaction, and the linter gets that as an option."""
    assert not linted(
        POLITE + "CREATE INDEX CONCURRENTLY IF NOT EXISTS by_phone ON patients (phone);"
    ).findings


def test_an_exception_with_a_reason_is_left_out_and_told(linted: Any) -> None:
    reason = {"require-concurrent-index-creation": "the table holds two hundred rows"}
    assessment = linted(POLITE + INDEX, excepted=reason)
    assert not assessment.findings
    assert assessment.figures["excepted"] == reason
    assert assessment.figures["left out by exception"] == {"require-concurrent-index-creation": 1}


def test_an_exception_for_one_rule_is_none_for_another(linted: Any) -> None:
    excepted = {"ban-drop-column": "nobody reads it"}
    assert list_breaches(linted(POLITE + INDEX, excepted=excepted)) == [FOUND]


@pytest.mark.parametrize(
    "comment",
    [
        "-- squawk-ignore require-concurrent-index-creation",
        "-- squawk-ignore-file",
        "/* squawk-ignore-file */",
    ],
)
def test_a_comment_in_the_script_silences_nothing(linted: Any, comment: str) -> None:
    """Only the settings may except a remark."""
    found = linted(POLITE + comment + "\n" + INDEX)
    assert (rules.LOCKING_STATEMENT, "V7__x.sql:3") in list_breaches(found)


def test_a_configuration_lying_about_silences_nothing(
    linted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".squawk.toml").write_text(
        'excluded_rules = ["require-concurrent-index-creation"]\n'
    )
    monkeypatch.chdir(tmp_path)
    assert list_breaches(linted(POLITE + INDEX)) == [FOUND]


def test_placeholders_are_replaced_first(linted: Any) -> None:
    text = POLITE + "CREATE ${how} by_phone ON patients (phone);"
    assert list_breaches(linted(text, placeholders={"how": "INDEX"})) == [FOUND]
    assert not linted(text, placeholders={"how": "INDEX CONCURRENTLY IF NOT EXISTS"}).findings


def test_a_placeholder_that_nobody_declared_is_a_hole(linted: Any) -> None:
    with raises_gap(rules.SCRIPT_LINTABLE) as raised:
        linted("CREATE ${how} by_phone ON patients (phone);")
    assert "${how}" in raised.value.gaps[0].actual


def test_what_the_linter_cannot_read_is_a_hole(linted: Any) -> None:
    """The linter then gives no other remark on the whole file."""
    assessment = linted(f"{INDEX}\nthis is no statement;")
    assert list_gaps(assessment) == [(rules.SCRIPT_LINTABLE, "V7__x.sql:2")]
    assert not assessment.checked


def test_a_rule_that_is_new_to_us_counts(linted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "cutover_gates.probes.database.rehearsal.squawk.lint_script",
        lambda *_, **__: [squawk.LintRemark(3, "ban-something-new", "It harms.")],
    )
    (finding,) = linted("SELECT 1").findings
    assert (finding.rule, finding.subject) == (rules.UNKNOWN_REMARK, "V7__x.sql:3")
    assert finding.actual == "ban-something-new: It harms."


def test_the_releases_own_scripts_take_locks_and_drop_columns(
    unchanged: CopyDatabase, tmp_path: Path
) -> None:
    """Release 2.0.0 is cut over with the service stopped; the linter has remarks on each script."""
    assessment = LintAssessments(
        make_database_context(unchanged(BEFORE), tmp_path)
    ).assess_scripts()
    assert len(assessment.checked) == 4
    scripts = {finding.subject.partition(":")[0] for finding in assessment.findings}
    assert scripts == set(assessment.checked)


def test_without_squawk_nothing_is_proven(linted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with raises_gap(rules.LINTER_WORKS):
        linted(INDEX)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('{}')", "it gave no readable answer"),
        ("print('[{}]')", "its answer cannot be read"),
        ("raise SystemExit('it broke')", "it broke"),
        ("", "it printed nothing"),
    ],
)
def test_an_answer_that_is_none_is_a_hole(tmp_path: Path, code: str, said: str) -> None:
    broken = tmp_path / "squawk"
    broken.write_text(f"#!{sys.executable}\n{code}\n")
    broken.chmod(0o755)
    with raises_gap(rules.LINTER_WORKS) as raised:
        squawk.lint_script(broken, INDEX, major=18, in_transaction=True)
    assert said in raised.value.gaps[0].actual


def test_nothing_pending_and_no_snapshot_is_nothing_proven(
    unchanged: CopyDatabase, tmp_path: Path
) -> None:
    with raises_gap(rules.SCRIPTS_KNOWN):
        LintAssessments(make_database_context(unchanged(MIGRATED), tmp_path)).assess_scripts()


def test_after_the_cutover_what_it_brought_is_linted(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare(BEFORE)
    context = make_database_context(dsn, tmp_path)
    take_snapshot(context)
    migrate.migrate(dsn)
    assert [
        name.partition("_")[0] for name in LintAssessments(context).assess_scripts().checked
    ] == [
        "V7",
        "V8",
        "V9",
        "V10",
    ]


def test_no_rule_stands_in_two_lists() -> None:
    listed = [name for names in load_lint_rules().values() for name in names]
    assert set(load_lint_rules()) == {"lock", "break", "style"}
    assert len(listed) == len(set(listed))
