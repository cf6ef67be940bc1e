"""The scripts run on the backup say what the target must hold, without declarations."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.replay import rules
from cutover_gates.probes.database.rows import rules as row_rules
from tests.findings import list_breaches, list_gaps
from tests.integration.database.replay.conftest import ReplayNight, StartNight
from tests.selection import further

INVOICES = (
    "CREATE TABLE invoices (id int PRIMARY KEY, patient text NOT NULL, amount numeric NOT NULL)",
    "INSERT INTO invoices SELECT n, 'p' || n % 70, n * 1.5 FROM generate_series(1, 12000) AS n",
)
SCRIPT = """
ALTER TABLE invoices RENAME TO bills;
ALTER TABLE bills ADD COLUMN cents bigint;
UPDATE bills SET cents = amount * 100;
ALTER TABLE visits ADD COLUMN year int;
UPDATE visits SET year = extract(year FROM opened_at AT TIME ZONE 'UTC');
CREATE TABLE totals (patient text PRIMARY KEY, sum numeric, made_at timestamptz DEFAULT now());
INSERT INTO totals SELECT patient, sum(amount) FROM bills GROUP BY patient;
CREATE TABLE lines (id bigserial PRIMARY KEY, bill int, note text DEFAULT gen_random_uuid()::text);
INSERT INTO lines (bill) SELECT id FROM bills;
CREATE TABLE empty_yet (id int PRIMARY KEY);
"""
UNDETERMINED = {
    "totals.made_at": "the time of the migration",
    "lines.id": "numbered by the order in which the rows are read",
    "lines.note": "random",
}


def begin(replay_night: StartNight, *harm: str) -> ReplayNight:
    night = replay_night(*INVOICES, script=SCRIPT, replay={"undetermined": UNDETERMINED})
    assert_passed(night.assess_replay())
    night.migrate(*harm)
    return night


def test_a_migration_is_proven_without_declarations(replay_night: StartNight) -> None:
    night = begin(replay_night)
    found = night.assess_arrivals()
    assert_passed(found)
    assert {*found.checked} >= {"bills", "visits", "totals", "lines", "empty_yet"}
    assert found.figures["found whole again"] == {"public.invoices": "public.bills"}
    for answer in (
        night.rows.assess_counts(),
        night.rows.assess_contents(),
        night.rows.assess_departures(),
    ):
        assert_passed(answer)


HARMS: Mapping[str, tuple[str, str]] = {
    "a rename loses rows": ("DELETE FROM bills WHERE id % 100 = 0", "bills"),
    "a rename changes rows": ("UPDATE bills SET amount = 0 WHERE id % 1000 = 0", "bills"),
    "a backfill is wrong": ("UPDATE bills SET cents = 1 WHERE id < 5000", "bills"),
    "a backfill of an old table is wrong": ("UPDATE visits SET year = year + 1", "visits"),
    "two values of a backfill are exchanged": (
        "UPDATE bills SET cents = CASE id WHEN 1 THEN 300 ELSE 150 END WHERE id IN (1, 2)",
        "bills",
    ),
    "junk rows": ("INSERT INTO empty_yet SELECT generate_series(1, 50000)", "empty_yet"),
    "a sum is wrong": ("UPDATE totals SET sum = sum + 1 WHERE patient = 'p1'", "totals"),
    "a line is doubled": ("INSERT INTO lines (bill) VALUES (7)", "lines"),
    "lines are mixed up": ("UPDATE lines SET bill = 8 WHERE bill = 7", "lines"),
    "a new table is missing": ("DROP TABLE totals", "totals"),
    "a new column is missing": ("ALTER TABLE bills DROP COLUMN cents", "bills.cents"),
}


@pytest.mark.parametrize("harm", [next(iter(HARMS)), *map(further, [*HARMS][1:])])
def test_what_the_scripts_did_not_make_is_found(replay_night: StartNight, harm: str) -> None:
    statement, subject = HARMS[harm]
    found = begin(replay_night, statement).assess_arrivals()
    assert list_breaches(found) == [(rules.SAME_RESULT, subject)]


@pytest.mark.thorough
def test_only_what_differs_each_time_needs_a_declaration(replay_night: StartNight) -> None:
    night = replay_night(*INVOICES, script=SCRIPT)
    assert_passed(night.assess_replay())
    night.migrate()
    found = night.assess_arrivals()
    assert not found.findings
    assert {*list_gaps(found)} == {(rules.DETERMINED, column) for column in UNDETERMINED}


@pytest.mark.thorough
def test_a_backfill_with_the_date_is_named(replay_night: StartNight) -> None:
    script = (
        "ALTER TABLE visits ADD COLUMN moved_on date; UPDATE visits SET moved_on = current_date"
    )
    night = replay_night(script=script)
    assert_passed(night.assess_replay())
    night.migrate()
    assert list_gaps(night.assess_arrivals()) == [(rules.DETERMINED, "visits.moved_on")]


@pytest.mark.thorough
def test_rows_that_came_since_are_set_apart_by_key(replay_night: StartNight) -> None:
    script = (
        "ALTER TABLE invoices RENAME TO bills; ALTER TABLE bills ADD COLUMN paid bool DEFAULT true"
    )
    tables = {"bills": {"was": "invoices", "grows_above": "id"}}
    night = replay_night(*INVOICES, script=script, tables=tables)
    assert_passed(night.assess_replay())
    night.run_statements("INSERT INTO invoices VALUES (12001, 'p1', 3)")
    night.migrate()
    found = night.assess_arrivals()
    assert_passed(found)
    assert found.figures["rows that came since"] == {"bills (was invoices)": 1} or found.figures[
        "rows that came since"
    ] == {"bills": 1}


@pytest.mark.thorough
def test_work_on_old_rows_cannot_be_told_from_damage(replay_night: StartNight) -> None:
    script = (
        "ALTER TABLE invoices ADD COLUMN cents bigint; UPDATE invoices SET cents = amount * 100"
    )
    night = replay_night(*INVOICES, script=script)
    assert_passed(night.assess_replay())
    night.run_statements("UPDATE invoices SET amount = 9 WHERE id = 3")
    night.migrate()
    found = night.assess_arrivals()
    assert not found.findings
    assert list_gaps(found) == [(rules.WORK_SET_APART, "invoices")]


@pytest.mark.thorough
def test_a_split_is_not_found_whole(replay_night: StartNight) -> None:
    script = (
        "CREATE TABLE small AS SELECT * FROM invoices WHERE amount < 100;"
        "CREATE TABLE large AS SELECT * FROM invoices WHERE amount > 100; DROP TABLE invoices"
    )
    night = replay_night(*INVOICES, script=script)
    assert_passed(night.assess_replay())
    night.migrate()
    assert_passed(night.assess_arrivals())
    assert list_breaches(night.rows.assess_counts()) == [(row_rules.TABLE_KEPT, "invoices")]


@pytest.mark.thorough
def test_a_moved_column_is_found_whole(replay_night: StartNight) -> None:
    script = (
        "CREATE TABLE contacts (invoice int PRIMARY KEY, person text);"
        "INSERT INTO contacts SELECT id, patient FROM invoices;"
        "ALTER TABLE invoices DROP COLUMN patient"
    )
    night = replay_night(*INVOICES, script=script, tables={"invoices": {"drops": ["patient"]}})
    assert_passed(night.assess_replay())
    night.migrate()
    for answer in (night.assess_arrivals(), night.rows.assess_departures()):
        assert_passed(answer)
    night.run_statements("UPDATE contacts SET person = 'x' WHERE invoice = 7")
    assert list_breaches(night.assess_arrivals()) == [(rules.SAME_RESULT, "contacts")]


@pytest.mark.thorough
def test_a_script_that_fails_is_found(replay_night: StartNight) -> None:
    night = replay_night(script="ALTER TABLE nothing ADD COLUMN x int")
    assert list_breaches(night.assess_replay()) == [(rules.SCRIPTS_RUN, "V7__night.sql")]


@pytest.mark.thorough
def test_a_record_of_other_scripts_is_refused(replay_night: StartNight) -> None:
    night = replay_night(*INVOICES, script=SCRIPT)
    assert_passed(night.assess_replay())
    script = night.base_context.migrations.locations[0] / "V7__night.sql"
    script.write_text(SCRIPT + "-- changed\n", encoding="utf-8")
    with pytest.raises(Exception, match="another script now"):
        night.assess_arrivals()


def test_a_record_that_was_edited_is_refused(replay_night: StartNight) -> None:
    night = replay_night(*INVOICES, script=SCRIPT)
    assert_passed(night.assess_replay())
    (record,) = (night.base_context.snapshots / "replays").iterdir()
    record.write_bytes(record.read_bytes()[:-20])
    with pytest.raises(Exception, match="damaged or was edited"):
        night.assess_arrivals()


@pytest.mark.thorough
def test_without_a_replay_the_declarations_stand(replay_night: StartNight) -> None:
    night = replay_night(*INVOICES, script=SCRIPT, replay={"at": "never"})
    night.migrate()
    found = night.assess_arrivals()
    assert_passed(found)
    assert "never" in found.figures["replay"]
    assert (row_rules.TABLE_DECLARED, "bills") in list_breaches(night.rows.assess_counts())


@pytest.mark.thorough
def test_phase1_replays_where_it_is_declared(replay_night: StartNight) -> None:
    night = replay_night(
        *INVOICES, script=SCRIPT, replay={"at": "phase1", "undetermined": UNDETERMINED}
    )
    night.migrate("UPDATE bills SET cents = 1 WHERE id = 5")
    assert list_breaches(night.assess_arrivals()) == [(rules.SAME_RESULT, "bills")]


RECEIPTS = (
    "CREATE TABLE receipts (id int PRIMARY KEY, patient text NOT NULL, amount numeric NOT NULL)",
    "INSERT INTO receipts SELECT n, 'r' || n % 70, n FROM generate_series(1, 900) AS n",
)
MERGE = "INSERT INTO receipts SELECT id + 90000, patient, amount FROM invoices; DROP TABLE invoices"
GONE = {"rows": "dropped", "reason": "they are receipts now"}
WRONG = "UPDATE receipts SET amount = amount + 1 WHERE id = 90007"


@pytest.mark.parametrize(
    ("harm", "breach"),
    [
        (WRONG, [(rules.SAME_RESULT, "receipts")]),
        further("UPDATE receipts SET amount = 0 WHERE id = 7", [(rules.SAME_RESULT, "receipts")]),
        further("", []),
    ],
)
def test_what_is_merged_into_a_table_is_compared(
    replay_night: StartNight, harm: str, breach: list[object]
) -> None:
    """A count says nothing of the rows that came from another table."""
    tables = {"receipts": {"rows": "+12000"}, "invoices": GONE}
    night = replay_night(*INVOICES, *RECEIPTS, script=MERGE, tables=tables)
    assert_passed(night.assess_replay())
    night.migrate(*filter(None, [harm]))
    found = night.assess_arrivals()
    assert list_breaches(found) == breach
    assert not found.not_proven
    assert not list_gaps(night.rows.assess_contents())


@pytest.mark.thorough
@pytest.mark.parametrize("at", ["t12", "never"])
def test_merged_rows_above_a_mark_are_not_proven_where_they_differ(
    replay_night: StartNight, at: str
) -> None:
    """Rows of the day may stand among them; without a replay nothing says what they hold."""
    tables = {"receipts": {"rows": "+12000", "grows_above": "id"}, "invoices": GONE}
    night = replay_night(*INVOICES, *RECEIPTS, script=MERGE, tables=tables, replay={"at": at})
    assert_passed(night.assess_replay())
    night.migrate()
    is_proven = not list_gaps(night.rows.assess_contents())
    assert is_proven is (at == "t12")
    night.run_statements(WRONG)
    gaps = [*list_gaps(night.assess_arrivals()), *list_gaps(night.rows.assess_contents())]
    rule = rules.WORK_SET_APART if at == "t12" else row_rules.OLD_ROWS_DISTINCT
    assert gaps == [(rule, "receipts")]
