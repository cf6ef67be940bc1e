"""Each defect of the data, made on a real database, is found by rule and name."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import Rule
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments
from cutover_gates.probes.database.rules import READABLE_STORAGE
from tests.findings import list_breaches, list_gaps
from tests.integration.database.conftest import CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.integration.database.integrity.assessment_names import run_assessment

NOBODY = "00000000-0000-0000-0000-000000000000"
A_VISIT = "(SELECT min(id::text)::uuid FROM visits)"
UNGUARDED, GUARDED = (
    "SET session_replication_role = replica",
    "SET session_replication_role = origin",
)
T = "CREATE TABLE t (id int PRIMARY KEY, a int, b int)"
ROWS = "INSERT INTO t SELECT n, n, n FROM generate_series(1, 3) AS n"


def closed(index: str) -> str:
    """Return SQL after which new rows no longer enter the index."""
    return f"UPDATE pg_index SET indisready = false WHERE indexrelid = '{index}'::regclass"


def opened(index: str) -> str:
    """… and nobody can see that there was such a time."""
    return f"UPDATE pg_index SET indisready = true WHERE indexrelid = '{index}'::regclass"


HAZARDS: dict[str, tuple[str, Rule, str, str, list[str]]] = {
    # what is declared
    "a foreign key left NOT VALID": (
        "assess_declarations",
        rules.DECLARATIONS,
        "visits.again",
        "a constraint that is NOT VALID",
        [
            "ALTER TABLE visits ADD CONSTRAINT again FOREIGN KEY (patient_id) REFERENCES patients"
            " NOT VALID"
        ],
    ),
    "a check left NOT VALID": (
        "assess_declarations",
        rules.DECLARATIONS,
        "visits.short",
        "a constraint that is NOT VALID",
        ["ALTER TABLE visits ADD CONSTRAINT short CHECK (length(reason) < 5) NOT VALID"],
    ),
    "a domain's check left NOT VALID": (
        "assess_declarations",
        rules.DECLARATIONS,
        "score.low",
        "a constraint that is NOT VALID",
        [
            "CREATE DOMAIN score AS int",
            "ALTER DOMAIN score ADD CONSTRAINT low CHECK (VALUE < 5) NOT VALID",
        ],
    ),
    "a check that is not enforced": (
        "assess_declarations",
        rules.DECLARATIONS,
        "visits.loose",
        "a constraint that is NOT ENFORCED",
        ["ALTER TABLE visits ADD CONSTRAINT loose CHECK (reason <> 'x') NOT ENFORCED"],
    ),
    "an index that is not ready": (
        "assess_declarations",
        rules.DECLARATIONS,
        "visits.visits_by_patient",
        "an index that is not ready",
        [closed("visits_by_patient")],
    ),
    "a trigger that is switched off": (
        "assess_declarations",
        rules.DECLARATIONS,
        "t.watch",
        "a trigger that is switched off",
        [
            T,
            (
                "CREATE TRIGGER watch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION"
                " suppress_redundant_updates_trigger()"
            ),
            "ALTER TABLE t DISABLE TRIGGER watch",
        ],
    ),
    "a trigger that works for replicas only": (
        "assess_declarations",
        rules.DECLARATIONS,
        "t.watch",
        "a trigger that fires only for replicated rows",
        [
            T,
            (
                "CREATE TRIGGER watch BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION"
                " suppress_redundant_updates_trigger()"
            ),
            "ALTER TABLE t ENABLE REPLICA TRIGGER watch",
        ],
    ),
    "the triggers of foreign keys switched off": (
        "assess_declarations",
        rules.DECLARATIONS,
        "visits.visits_patient_id_fkey (trigger of the constraint, RI_FKey_check_ins)",
        "a trigger that is switched off",
        ["ALTER TABLE visits DISABLE TRIGGER ALL"],
    ),
    "a database in which no trigger works": (
        "assess_declarations",
        rules.DECLARATIONS,
        "session_replication_role",
        "replica",
        [
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica',"
            " current_database()); END $$"
        ],
    ),
    "a rule that is switched off": (
        "assess_declarations",
        rules.DECLARATIONS,
        "t.keep",
        "a rule that is switched off",
        [
            T,
            "CREATE RULE keep AS ON DELETE TO t DO INSTEAD NOTHING",
            "ALTER TABLE t DISABLE RULE keep",
        ],
    ),
    # references
    "orphans under a valid key": (
        "assess_foreign_keys",
        rules.FOREIGN_KEYS,
        "visits.visits_patient_id_fkey",
        "otherwise in 1 row: id ",
        [UNGUARDED, f"UPDATE visits SET patient_id = '{NOBODY}' WHERE id = {A_VISIT}", GUARDED],
    ),
    "a row that others refer to is gone": (
        "assess_foreign_keys",
        rules.FOREIGN_KEYS,
        "staff.staff_facility_fkey",
        "otherwise in ",
        [UNGUARDED, "DELETE FROM facilities WHERE code = 'north'", GUARDED],
    ),
    "an orphan that its index hides": (
        "assess_foreign_keys",
        rules.FOREIGN_KEYS,
        "c.c_p_fkey",
        "otherwise in 1 row: id 1",
        [
            T,
            ROWS,
            "CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES t)",
            "INSERT INTO c VALUES (1, 2)",
            UNGUARDED,
            "DELETE FROM t WHERE id = 2",
        ],
    ),
    "an orphan by two columns": (
        "assess_foreign_keys",
        rules.FOREIGN_KEYS,
        "c.pair",
        "otherwise in 1 row: id 1",
        [
            T,
            ROWS,
            "ALTER TABLE t ADD UNIQUE (a, b)",
            (
                "CREATE TABLE c (id int PRIMARY KEY, a int, b int, CONSTRAINT pair FOREIGN KEY (a,"
                " b) REFERENCES t (a, b))"
            ),
            UNGUARDED,
            "INSERT INTO c VALUES (1, 1, 2), (2, 3, 3), (3, NULL, 9)",
        ],
    ),
    "half a key under MATCH FULL": (
        "assess_foreign_keys",
        rules.FOREIGN_KEYS,
        "c.pair",
        "otherwise in 1 row: id 3",
        [
            T,
            ROWS,
            "ALTER TABLE t ADD UNIQUE (a, b)",
            (
                "CREATE TABLE c (id int PRIMARY KEY, a int, b int, CONSTRAINT pair FOREIGN KEY (a,"
                " b) REFERENCES t (a, b) MATCH FULL)"
            ),
            UNGUARDED,
            "INSERT INTO c VALUES (2, 3, 3), (3, NULL, 9), (4, NULL, NULL)",
        ],
    ),
    "an orphan of its own table": (
        "assess_foreign_keys",
        rules.FOREIGN_KEYS,
        "t.boss",
        "otherwise in 1 row: id 3",
        [
            T,
            "ALTER TABLE t ADD CONSTRAINT boss FOREIGN KEY (a) REFERENCES t (id)",
            ROWS,
            UNGUARDED,
            "UPDATE t SET a = 9 WHERE id = 3",
        ],
    ),
    "an orphan in a partition, of a partitioned table": (
        "assess_foreign_keys",
        rules.FOREIGN_KEYS,
        "c.c_p_fkey",
        "otherwise in 1 row: id 7",
        [
            "CREATE TABLE q (id int PRIMARY KEY) PARTITION BY RANGE (id)",
            "CREATE TABLE q1 PARTITION OF q FOR VALUES FROM (0) TO (10)",
            "CREATE TABLE q2 PARTITION OF q FOR VALUES FROM (10) TO (20)",
            "INSERT INTO q VALUES (1), (11)",
            "CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES q) PARTITION BY RANGE (id)",
            "CREATE TABLE c1 PARTITION OF c FOR VALUES FROM (0) TO (10)",
            "INSERT INTO c VALUES (1, 1), (2, 11)",
            UNGUARDED,
            "INSERT INTO c VALUES (7, 5)",
        ],
    ),
    # uniqueness
    "a value twice under a valid unique index": (
        "assess_duplicates",
        rules.UNIQUE_VALUES,
        "patients.patients_mrn_key",
        "repeated in 1 row: id ",
        [
            closed("patients_mrn_key"),
            (
                "UPDATE patients SET mrn = (SELECT min(mrn) FROM patients) WHERE mrn = (SELECT"
                " max(mrn) FROM patients)"
            ),
            opened("patients_mrn_key"),
        ],
    ),
    "a key twice": (
        "assess_duplicates",
        rules.UNIQUE_VALUES,
        "t.t_pkey",
        "repeated in 2 rows: id 2; id 3",
        [T, ROWS, closed("t_pkey"), "INSERT INTO t VALUES (2, 9, 9), (3, 9, 9)", opened("t_pkey")],
    ),
    "a value twice after a failed CREATE INDEX": (
        "assess_duplicates",
        rules.UNIQUE_VALUES,
        "t.half",
        "repeated in 1 row: id 1",
        [
            T,
            ROWS,
            "CREATE UNIQUE INDEX half ON t (a)",
            closed("half"),
            "UPDATE t SET a = 2 WHERE id = 1",
        ],
    ),
    "a value twice, seen by an expression, in part of the table": (
        "assess_duplicates",
        rules.UNIQUE_VALUES,
        "t.part",
        "repeated in 1 row: id -2",
        [
            T,
            ROWS,
            "CREATE UNIQUE INDEX part ON t (abs(a)) WHERE b IS NOT NULL",
            closed("part"),
            "INSERT INTO t VALUES (-2, -2, 0), (-3, -3, NULL)",
            opened("part"),
        ],
    ),
    "no value twice where nulls are equal": (
        "assess_duplicates",
        rules.UNIQUE_VALUES,
        "t.one",
        "repeated in 1 row: id 5",
        [
            T,
            "CREATE UNIQUE INDEX one ON t (a) NULLS NOT DISTINCT",
            "INSERT INTO t VALUES (4)",
            closed("one"),
            "INSERT INTO t VALUES (5)",
            opened("one"),
        ],
    ),
    "rows that exclude each other": (
        "assess_duplicates",
        rules.EXCLUSIONS,
        "stay.apart",
        "conflict in 1 row: id 2",
        [
            (
                "CREATE TABLE stay (id int PRIMARY KEY, days int4range, CONSTRAINT apart EXCLUDE"
                " USING gist (days WITH &&))"
            ),
            "INSERT INTO stay VALUES (1, '[1,5)')",
            closed("apart"),
            "INSERT INTO stay VALUES (2, '[4,9)'), (3, '[9,12)')",
            opened("apart"),
        ],
    ),
    # each row
    "no value where one must be": (
        "assess_nulls",
        rules.NOT_NULL,
        "visits.opened_at",
        "1 row: id ",
        [
            (
                "UPDATE pg_attribute SET attnotnull = false WHERE attrelid = 'visits'::regclass AND"
                " attname = 'opened_at'"
            ),
            f"UPDATE visits SET opened_at = NULL WHERE id = {A_VISIT}",
            (
                "UPDATE pg_attribute SET attnotnull = true WHERE attrelid = 'visits'::regclass AND"
                " attname = 'opened_at'"
            ),
        ],
    ),
    "no value in a domain that has none": (
        "assess_nulls",
        rules.NOT_NULL,
        "t.c",
        "3 rows: id 1; id 2; id 3",
        [
            T,
            ROWS,
            "CREATE DOMAIN must AS int",
            "ALTER TABLE t ADD c must",
            "UPDATE pg_type SET typnotnull = true WHERE typname = 'must'",
        ],
    ),
    "a check that is called valid and is not": (
        "assess_check_constraints",
        rules.CHECK_CONSTRAINTS,
        "visits.short",
        "",
        [
            "ALTER TABLE visits ADD CONSTRAINT short CHECK (length(reason) < 5) NOT VALID",
            "UPDATE pg_constraint SET convalidated = true WHERE conname = 'short'",
        ],
    ),
    "a domain's check that is not true": (
        "assess_check_constraints",
        rules.CHECK_CONSTRAINTS,
        "t.c (low)",
        "1 row: id 3",
        [
            T,
            ROWS,
            "CREATE DOMAIN score AS int",
            "CREATE DOMAIN fine AS score",
            "ALTER TABLE t ADD c fine",
            "UPDATE t SET c = id",
            "ALTER DOMAIN score ADD CONSTRAINT low CHECK (VALUE < 3 AND 'VALUE' <> 'x') NOT VALID",
        ],
    ),
    "a generated value of another time": (
        "assess_generated_columns",
        rules.GENERATED_COLUMNS,
        "t.upper",
        "3 rows: id 1; id 2; id 3",
        [
            T,
            (
                "CREATE FUNCTION spelt(int) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'old '"
                " || $1 $$"
            ),
            "ALTER TABLE t ADD upper text GENERATED ALWAYS AS (spelt(a)) STORED",
            ROWS,
            (
                "CREATE OR REPLACE FUNCTION spelt(int) RETURNS text IMMUTABLE LANGUAGE sql AS $$"
                " SELECT 'new ' || $1 $$"
            ),
        ],
    ),
    "a row in the wrong partition": (
        "assess_partitions",
        rules.PARTITION_BOUNDS,
        "q1.q1",
        "1 row: id 99",
        [
            "CREATE TABLE q (id int PRIMARY KEY) PARTITION BY RANGE (id)",
            "CREATE TABLE q1 (id int PRIMARY KEY)",
            "INSERT INTO q1 VALUES (1)",
            "ALTER TABLE q ATTACH PARTITION q1 FOR VALUES FROM (0) TO (10)",
            "UPDATE pg_class SET relispartition = false WHERE relname = 'q1'",
            "INSERT INTO q1 VALUES (99)",
            "UPDATE pg_class SET relispartition = true WHERE relname = 'q1'",
        ],
    ),
    # sequences
    "a sequence that is behind": (
        "assess_sequences",
        rules.SEQUENCE_POSITION,
        "audit_entries.id (audit_entries_id_seq)",
        "1",
        ["ALTER TABLE audit_entries ALTER id RESTART"],
    ),
    "a sequence whose next number is the last row's": (
        "assess_sequences",
        rules.SEQUENCE_POSITION,
        "s.id (s_id_seq)",
        "5",
        [
            "CREATE TABLE s (id serial PRIMARY KEY)",
            "INSERT INTO s VALUES (5)",
            "SELECT setval('s_id_seq', 4)",
        ],
    ),
    "a sequence that was set, and not called": (
        "assess_sequences",
        rules.SEQUENCE_POSITION,
        "s.id (s_id_seq)",
        "5",
        [
            "CREATE TABLE s (id serial PRIMARY KEY)",
            "INSERT INTO s VALUES (5)",
            "SELECT setval('s_id_seq', 5, false)",
        ],
    ),
    "a sequence that nobody owns": (
        "assess_sequences",
        rules.SEQUENCE_POSITION,
        "s.id (own)",
        "1",
        [
            "CREATE SEQUENCE own",
            "CREATE TABLE s (id int PRIMARY KEY DEFAULT nextval('own'))",
            "INSERT INTO s VALUES (5)",
        ],
    ),
    "a sequence that goes down": (
        "assess_sequences",
        rules.SEQUENCE_POSITION,
        "s.id (own)",
        "-1",
        [
            "CREATE SEQUENCE own INCREMENT -1",
            "CREATE TABLE s (id int PRIMARY KEY DEFAULT nextval('own'))",
            "INSERT INTO s VALUES (-5)",
        ],
    ),
    "a sequence beyond its column's type": (
        "assess_sequences",
        rules.SEQUENCE_ROOM,
        "s.id (own)",
        "95.0%",
        [
            "CREATE SEQUENCE own START 2040109466",
            "CREATE TABLE s (id int PRIMARY KEY DEFAULT nextval('own'))",
        ],
    ),
    # indexes
    "an index that lacks a row": (
        "assess_indexes",
        rules.INDEX_CONTENT,
        "t.by_a",
        "3",
        [
            T,
            ROWS,
            "CREATE INDEX by_a ON t (a)",
            closed("by_a"),
            "INSERT INTO t VALUES (4, 4, 4)",
            opened("by_a"),
        ],
    ),
    "an index with another value": (
        "assess_indexes",
        rules.INDEX_CONTENT,
        "t.by_a",
        "other values",
        [
            T,
            ROWS,
            "CREATE INDEX by_a ON t (a)",
            closed("by_a"),
            "UPDATE t SET a = 8 WHERE id = 1",
            "VACUUM (INDEX_CLEANUP ON) t",
            opened("by_a"),
            "INSERT INTO t VALUES (4, 4, 4)",
        ],
    ),
    "an index in another order than today's": (
        "assess_indexes",
        rules.INDEX_CONTENT,
        "t.by_order",
        "2 of 3 out of order",
        [
            T,
            ROWS,
            (
                "CREATE FUNCTION ordered(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN"
                " RETURN $1; END'"
            ),
            "CREATE INDEX by_order ON t (ordered(a))",
            (
                "CREATE OR REPLACE FUNCTION ordered(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS"
                " 'BEGIN RETURN -$1; END'"
            ),
        ],
    ),
}


@pytest.mark.parametrize("hazard", HAZARDS)
def test_what_is_broken_is_found_by_name(spare: CopyDatabase, tmp_path: Path, hazard: str) -> None:
    question, rule, subject, actual, statements = HAZARDS[hazard]
    context = make_database_context(spare("migrated", *statements), tmp_path)
    assessment = run_assessment(IntegrityAssessments(context), question)
    values = {
        finding.subject: finding.actual for finding in assessment.findings if finding.rule == rule
    }
    assert subject in values, (assessment.findings, assessment.not_proven)
    assert values[subject].startswith(actual)


def test_an_invalid_index_after_a_failed_build_is_found(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    dsn = spare("migrated")
    with (
        psycopg.connect(dsn, autocommit=True) as owner,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        owner.execute("CREATE UNIQUE INDEX CONCURRENTLY one_each ON visits (patient_id)")
    integrity = IntegrityAssessments(make_database_context(dsn, tmp_path))
    (finding,) = integrity.assess_declarations().findings
    assert (finding.rule, finding.subject) == (rules.DECLARATIONS, "visits.one_each")
    assert finding.actual.startswith("an invalid index")
    assert list_breaches(integrity.assess_duplicates()) == [
        (rules.UNIQUE_VALUES, "visits.one_each")
    ]


def test_a_role_whose_triggers_are_off_is_found(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare("migrated", "ALTER ROLE hospital_app SET session_replication_role = replica")
    try:
        integrity = IntegrityAssessments(make_database_context(dsn, tmp_path))
        (finding,) = integrity.assess_declarations().findings
    finally:
        with psycopg.connect(dsn, autocommit=True) as owner:
            owner.execute("ALTER ROLE hospital_app RESET session_replication_role")
    assert finding.rule == rules.DECLARATIONS
    assert finding.subject == "the settings of the role hospital_app in every database"
    assert finding.actual.startswith("session_replication_role=replica")


def test_no_finding_tells_what_stands_in_a_row(spare: CopyDatabase, tmp_path: Path) -> None:
    """Findings hold keys only: no value that is repeated or that breaks a check."""
    dsn = spare(
        "migrated",
        T,
        "ALTER TABLE t ADD secret text",
        "CREATE UNIQUE INDEX once ON t (secret)",
        closed("once"),
        "INSERT INTO t (id, secret) SELECT n, 'Anna Patient' FROM generate_series(1, 30) AS n",
        opened("once"),
        "ALTER TABLE t ADD CONSTRAINT number CHECK (secret::int > 0) NOT VALID",
    )
    integrity = IntegrityAssessments(make_database_context(dsn, tmp_path))
    (finding,) = integrity.assess_duplicates().findings
    assert (finding.subject, finding.actual) == ("t.once", "repeated in 29 rows: id 30")
    (gap,) = integrity.assess_check_constraints().not_proven
    assert (gap.rule, gap.subject) == (rules.CHECK_CONSTRAINTS, "t.number")
    assert gap.actual == "cannot be read: InvalidTextRepresentation (SQLSTATE 22P02)"
    assert "Anna" not in f"{finding.to_plain()} {gap.to_plain()}"


def test_no_more_than_ten_keys_are_shown(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare(
        "migrated",
        T,
        "ALTER TABLE t ADD CONSTRAINT low CHECK (a < 5) NOT VALID",
        UNGUARDED,
        "UPDATE pg_constraint SET conenforced = false WHERE conname = 'low'",
        "INSERT INTO t SELECT n, n FROM generate_series(1, 40) AS n",
    )
    (finding,) = (
        IntegrityAssessments(make_database_context(dsn, tmp_path))
        .assess_check_constraints()
        .findings
    )
    assert (finding.rule, finding.subject) == (rules.CHECK_CONSTRAINTS, "t.low")
    assert finding.actual.startswith("36 rows: id 5; id 6; ")
    assert finding.actual.count("id ") == 10


AMCHECK = [
    "CREATE SCHEMA tools",
    (
        "CREATE FUNCTION tools.bt_index_check(regclass, boolean) RETURNS void LANGUAGE plpgsql AS"
        " $$ BEGIN IF $1::text = 'visits_pkey' THEN RAISE EXCEPTION USING ERRCODE = 'XX002',"
        " MESSAGE = 'item order invariant violated'; END IF; END $$"
    ),
    (
        "INSERT INTO pg_extension VALUES (99999, 'amcheck', 10, 'tools'::regnamespace, false,"
        " '1.5', NULL, NULL)"
    ),
]
"""The wheel's PostgreSQL has no amcheck: a function that answers as it does."""


def test_amcheck_answers_where_it_is(spare: CopyDatabase, tmp_path: Path) -> None:
    found = IntegrityAssessments(
        make_database_context(spare("migrated", *AMCHECK), tmp_path)
    ).assess_indexes()
    (finding,) = found.findings
    assert (finding.rule, finding.subject) == (READABLE_STORAGE, "visits.visits_pkey")
    assert "item order invariant violated" in finding.actual
    assert "patients.patients_pkey" in found.checked
    assert found.figures["amcheck"] == "used"


def test_a_table_that_postgresql_calls_damaged_is_found(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    """As a page with a wrong header or checksum is answered."""
    dsn = spare(
        "migrated",
        T,
        ROWS,
        "CREATE FUNCTION page(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION USING ERRCODE = 'XX001', MESSAGE = 'invalid page in block 7'; END $$",
        "ALTER TABLE t ADD CONSTRAINT sound CHECK (page(a)) NOT VALID",
    )
    integrity = IntegrityAssessments(make_database_context(dsn, tmp_path))
    checks, nulls = integrity.assess_check_constraints(), integrity.assess_nulls()
    assert list_breaches(checks) == [(READABLE_STORAGE, "t.sound")]
    assert "invalid page in block 7" in checks.findings[0].actual
    assert (READABLE_STORAGE, "t.id") in list_breaches(nulls)
    assert "patients.mrn" in nulls.checked


IMPLIED = {"column": "audit_entries.patient_id", "refers_to": "patients.id"}


def test_an_implied_key_that_holds_is_sound(spare: CopyDatabase, tmp_path: Path) -> None:
    found = IntegrityAssessments(
        make_database_context(spare("migrated"), tmp_path, keys=[IMPLIED])
    ).assess_implied_keys()
    assert (found.checked, found.findings, found.not_proven) == (
        ("audit_entries.patient_id → patients.id",),
        (),
        (),
    )


@pytest.mark.parametrize(("where", "count"), [(None, 2), ("action = 'tried'", 1)])
def test_an_implied_key_that_is_broken_is_found(
    spare: CopyDatabase, tmp_path: Path, where: str | None, count: int
) -> None:
    dsn = spare(
        "migrated",
        *(
            "INSERT INTO audit_entries (username, action, patient_id, outcome) VALUES ('x',"
            f" '{action}', '{NOBODY}', 'allowed')"
            for action in ("tried", "done")
        ),
    )
    (finding,) = (
        IntegrityAssessments(
            make_database_context(dsn, tmp_path, keys=[{**IMPLIED, "where": where}])
        )
        .assess_implied_keys()
        .findings
    )
    assert finding.rule == rules.IMPLIED_KEYS
    assert finding.subject == "audit_entries.patient_id → patients.id"
    assert finding.actual.startswith(f"otherwise in {count} row")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            {"column": "visits.patient", "refers_to": "patients.id"},
            (
                "targets.tried.migrations.keys[0].column: the database has no column"
                " 'visits.patient'. Did you mean 'visits.patient_id'?"
            ),
        ),
        (
            {"column": "visits.patient_id", "refers_to": "public.patient.id"},
            (
                "targets.tried.migrations.keys[0].refers_to: the database has no column"
                " 'public.patient.id'. Did you mean 'patients.id'?"
            ),
        ),
        (
            {**IMPLIED, "where": "acton = 'tried'"},
            'targets.tried.migrations.keys[0] cannot be used: column "acton" does not exist',
        ),
        (
            {"column": "visits.reason", "refers_to": "patients.id"},
            (
                "targets.tried.migrations.keys[0] cannot be used: operator does not exist: uuid ="
                " character varying"
            ),
        ),
    ],
)
def test_an_implied_key_that_cannot_be_meant_is_refused(
    spare: CopyDatabase, tmp_path: Path, key: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError) as error:
        IntegrityAssessments(
            make_database_context(spare("migrated"), tmp_path, keys=[key])
        ).assess_implied_keys()
    assert str(error.value).startswith(said)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE s (id serial PRIMARY KEY)"],
        [
            "CREATE TABLE s (id serial PRIMARY KEY)",
            "INSERT INTO s VALUES (5)",
            "SELECT setval('s_id_seq', 5)",
        ],
        [
            "CREATE TABLE s (id serial PRIMARY KEY)",
            "INSERT INTO s VALUES (5)",
            "SELECT setval('s_id_seq', 6, false)",
        ],
        [
            "CREATE TABLE s (id int GENERATED ALWAYS AS IDENTITY (INCREMENT -1))",
            "INSERT INTO s DEFAULT VALUES",
        ],
    ],
)
def test_a_sequence_that_is_ahead_is_sound(
    spare: CopyDatabase, tmp_path: Path, statements: list[str]
) -> None:
    assert (
        not IntegrityAssessments(make_database_context(spare("migrated", *statements), tmp_path))
        .assess_sequences()
        .findings
    )


def test_a_sequence_that_is_named_only_as_text_is_not_proven(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    dsn = spare(
        "migrated",
        "CREATE SEQUENCE own",
        "CREATE TABLE s (id int PRIMARY KEY DEFAULT nextval('own'::text))",
    )
    integrity = IntegrityAssessments(make_database_context(dsn, tmp_path))
    assert list_gaps(integrity.assess_sequences()) == [(rules.SEQUENCE_POSITION, "s.id")]
