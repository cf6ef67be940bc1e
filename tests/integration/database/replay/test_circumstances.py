"""What the scripts make by the user, the year, the order of rows or the session is named."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.replay import disturbed_copy, rules, shifted_clock
from tests.findings import list_gaps
from tests.integration.database.replay.conftest import StartNight
from tests.selection import further

ADD = "ALTER TABLE visits ADD COLUMN noted text;"
BY_CIRCUMSTANCES = {
    "the user": f"{ADD} UPDATE visits SET noted = current_user",
    "the user of the session": f"{ADD} UPDATE visits SET noted = session_user",
    "the year": f"{ADD} UPDATE visits SET noted = extract(year FROM now())",
    "the year, as a word": f"{ADD} UPDATE visits SET noted = extract(year FROM CURRENT_DATE)",
    "the year, with digits": f"{ADD} UPDATE visits SET noted = to_char(CURRENT_TIMESTAMP(2), 'YYYY')",
    "the year of a default": "ALTER TABLE visits ADD COLUMN noted int DEFAULT"
    " extract(year FROM localtimestamp)",
    "the year in a body": f"{ADD} DO $$ BEGIN UPDATE visits SET noted = to_char(current_date, 'YYYY');"
    " END $$",
    "an age": f"{ADD} UPDATE visits SET noted = extract(year FROM age(opened_at))",
    "the process": f"{ADD} UPDATE visits SET noted = pg_backend_pid()",
    "the database": f"{ADD} UPDATE visits SET noted = current_database()",
}
"""Two replays differ in `visits.noted`."""

BY_THE_SESSION = {
    "an address": f"{ADD} UPDATE visits SET noted = coalesce(inet_client_addr()::text, 'socket')",
    "a setting": f"{ADD} UPDATE visits SET noted = current_setting('work_mem')",
    "the search path": f"{ADD} UPDATE visits SET noted = current_schema",
    "a function of the database": f"{ADD} UPDATE visits SET noted = place()",
    "a function that calls it": f"{ADD} UPDATE visits SET noted = placed()",
    "a function behind a body": f"{ADD} DO $$ BEGIN PERFORM place(); UPDATE visits SET noted = 'x';"
    " END $$",
    "a default": "ALTER TABLE visits ADD COLUMN noted text DEFAULT current_setting('work_mem')",
    "a trigger": "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.noted :="
    " place(); RETURN new; END $$; CREATE TRIGGER note BEFORE UPDATE ON visits FOR EACH ROW EXECUTE"
    f" FUNCTION note(); {ADD} UPDATE visits SET opened_at = opened_at",
    "a day as a word": f"{ADD} UPDATE visits SET noted = to_char('today'::date, 'YYYY')",
    "a view": "CREATE VIEW settings AS SELECT current_setting('work_mem') AS memory;"
    f" {ADD} UPDATE visits SET noted = (SELECT memory FROM settings)",
}
"""Two replays agree, and only the text says that the target need not."""
FUNCTIONS = (
    "CREATE FUNCTION place() RETURNS text LANGUAGE sql AS"
    " 'SELECT coalesce(inet_server_addr()::text, ''here'')'",
    "CREATE FUNCTION placed() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN place(); END'",
)

WITHOUT = {
    "a policy": "ALTER TABLE visits ADD COLUMN noted int DEFAULT 7; CREATE POLICY mine ON visits USING"
    " (current_setting('app.tenant') = 'x')",
    "the version": "DO $$ BEGIN IF current_setting('server_version_num')::int > 140000 THEN ALTER TABLE"
    " visits ADD COLUMN noted int DEFAULT 7; END IF; END $$",
    "a new table without rows": "CREATE TABLE seen (at timestamptz DEFAULT CURRENT_TIMESTAMP, by text"
    " DEFAULT current_user, of text DEFAULT current_setting('app.user'))",
    "a text about it": f"{ADD} UPDATE visits SET noted = 'current_date'; -- and current_setting()",
}
"""Nothing gets a value from the circumstances."""


@pytest.mark.parametrize(
    "what", [next(iter(BY_CIRCUMSTANCES)), "the year", *map(further, [*BY_CIRCUMSTANCES][3:])]
)
def test_a_column_that_depends_on_circumstances_is_named(
    replay_night: StartNight, what: str
) -> None:
    night = replay_night(script=BY_CIRCUMSTANCES[what])
    assert_passed(night.assess_replay())
    night.migrate()
    assert (rules.DETERMINED, "visits.noted") in list_gaps(night.assess_arrivals())


@pytest.mark.parametrize("what", [next(iter(BY_THE_SESSION)), *map(further, [*BY_THE_SESSION][1:])])
def test_a_table_that_may_depend_on_the_session_is_named(
    replay_night: StartNight, what: str
) -> None:
    """What is another there may be right: it is no finding, and not proven."""
    night = replay_night(*FUNCTIONS, script=BY_THE_SESSION[what])
    assert_passed(night.assess_replay())
    night.migrate("UPDATE visits SET noted = 'of this server'")
    found = night.assess_arrivals()
    assert not found.findings
    assert list_gaps(found) == [(rules.DETERMINED, "visits")]


@pytest.mark.thorough
def test_what_is_the_same_here_is_proven(replay_night: StartNight) -> None:
    night = replay_night(script=BY_THE_SESSION["a setting"])
    assert_passed(night.assess_replay())
    night.migrate()
    assert_passed(night.assess_arrivals())


@pytest.mark.thorough
def test_the_column_that_gets_it_can_be_declared(replay_night: StartNight) -> None:
    declared = {"undetermined": {"visits.noted": "the setting of the server"}}
    script = BY_THE_SESSION["a setting"]
    night = replay_night(script=script, replay=declared)
    assert_passed(night.assess_replay())
    night.migrate("UPDATE visits SET noted = 'of this server'")
    assert_passed(night.assess_arrivals())


@pytest.mark.parametrize("what", [*map(further, WITHOUT)])
def test_what_gets_no_value_from_it_is_proven(replay_night: StartNight, what: str) -> None:
    night = replay_night(script=WITHOUT[what])
    assert_passed(night.assess_replay())
    night.migrate()
    assert_passed(night.assess_arrivals())


@pytest.mark.thorough
def test_a_script_for_one_year_only_leaves_it_to_the_declarations(replay_night: StartNight) -> None:
    script = (
        "CREATE TABLE days (day date PRIMARY KEY CHECK (day < DATE '2027-06-01'));"
        "INSERT INTO days SELECT now()::date"
    )
    night = replay_night(script=script)
    seen = night.assess_replay()
    assert_passed(seen)
    assert "not with another user, date or order" in seen.figures["replay"]


@pytest.mark.thorough
def test_rows_of_a_large_table_are_moved_in_stretches(
    replay_night: StartNight, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of a row by its place is another one, also where half of a table is too much."""
    monkeypatch.setattr(disturbed_copy, "_MOST_BYTES", 0)
    script = "CREATE TABLE numbered AS SELECT row_number() OVER () AS number, amount FROM invoices"
    rows = (
        "CREATE TABLE invoices (id int PRIMARY KEY, amount int)",
        "INSERT INTO invoices SELECT n, n FROM generate_series(1, 400000) AS n",
    )
    night = replay_night(*rows, script=script)
    assert_passed(night.assess_replay())
    night.migrate()
    gaps = list_gaps(night.assess_arrivals())
    assert (rules.DETERMINED, "numbered.number") in gaps or (rules.DETERMINED, "numbered") in gaps


def test_of_a_large_table_32_mib_are_moved() -> None:
    moved = disturbed_copy.list_moves(100 << 30, 8192)
    assert len(moved) == 16
    assert moved[0] == "ctid >= '(0,0)' AND ctid < '(256,0)'"
    assert len({*moved}) == 16


def test_only_code_calls_the_other_clock() -> None:
    text = "SELECT 'current_date', current_date; -- current_date\nSELECT CURRENT_TIMESTAMP (3)"
    changed = shifted_clock.shift_text(text)
    assert changed == (
        "SELECT 'current_date', cutover_clock.current_date(); -- current_date\n"
        "SELECT cutover_clock.CURRENT_TIMESTAMP (3)"
    )
