"""The release before on the new schema, and the connections that both releases need.

Each script here ran well in the rehearsal. Only the release before shows what is wrong with it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import ClassVar

from cutover_gates.probes.database.health import rules as health_rules
from cutover_gates.probes.database.rehearsal import rules
from tests.faults.data.data_environment import DataEnvironment
from tests.faults.data.data_fault import DataFault

_STAGING: Mapping[str, str] = {"migrations-in-staging": "staging never had that script"}
_CONTRACTS: Mapping[str, str] = {
    "script-lint": "a linter may see it, too",
    "migration-scripts-tested": "the column may be in an expectation",
}

VALIDATION = """
import os, runpy, sys
import psycopg

with psycopg.connect(os.environ["HOSPITAL_DATABASE"]) as connection:
    newest = connection.execute(
        "SELECT max(version::int) FROM flyway_schema_history WHERE version ~ '^[0-9]+$'"
    ).fetchone()[0]
if newest > 6:
    sys.exit(f"Validate failed: applied migration {newest} is not resolved locally")
runpy.run_module("reference.release_before", run_name="__main__", alter_sys=True)
"""


class _BesideTheNew(DataFault):
    """The day before: the release before is started on the migrated copy."""

    item = "migration-dry-run"
    gate = "t24"
    also: ClassVar[Mapping[str, str]] = _STAGING
    starts_previous = True
    seconds = 180
    script: ClassVar[str] = ""

    def harm(self, ground: DataEnvironment) -> None:
        if self.script:
            (ground.scripts / "V11__more.sql").write_text(self.script, encoding="utf-8")


class TheNewReleaseReadsNoSex(_BesideTheNew):
    """Half of the wards register with the old release until noon. It writes a letter, and the new
    release reads nothing: a dose is computed for nobody.
    """

    script = (
        "CREATE OR REPLACE FUNCTION keep_both_sexes() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        "BEGIN NEW.phone := nullif(NEW.phone, ''); RETURN NEW; END $$;\n"
    )
    breaks = (rules.OLD_RELEASE_WORKS,)
    shows = "sex"


class AColumnThatTheOldReleaseReadsIsDropped(_BesideTheNew):
    """During the rollout every second nurse opens a visit and sees an error."""

    perhaps: ClassVar[Mapping[str, str]] = _CONTRACTS
    script = "ALTER TABLE visits DROP COLUMN state;\n"
    breaks = (rules.OLD_RELEASE_GOES_ON,)
    shows = "reading a visit"


class TheOldReleaseMustGiveWhatItDoesNotKnow(_BesideTheNew):
    """A new column is NOT NULL, so the old release can open no visit any more."""

    perhaps: ClassVar[Mapping[str, str]] = _CONTRACTS
    script = (
        "ALTER TABLE visits ADD COLUMN ward varchar(20);\n"
        "UPDATE visits SET ward = 'none';\n"
        "ALTER TABLE visits ALTER COLUMN ward SET NOT NULL;\n"
    )
    breaks = (rules.OLD_RELEASE_WORKS,)
    shows = "smoke/test_visits.py"


class TheOldReleaseWritesAValueThatIsRefused(_BesideTheNew):
    """The new release knows no third sex. Whom the old one registers with it is turned away."""

    perhaps: ClassVar[Mapping[str, str]] = {"script-lint": "a linter may remark on a constraint"}
    script = (
        "ALTER TABLE patients ADD CONSTRAINT patients_two_sexes CHECK (sex IN ('F', 'M', 'U'))"
        " NOT VALID;\n"
    )
    breaks = (rules.OLD_RELEASE_WORKS,)
    shows = "smoke/test_patient"


class TheOldReleaseDoesNotStartAgain(_BesideTheNew):
    """It validates the history when it starts. In the rollback no instance of it comes up."""

    also: ClassVar[Mapping[str, str]] = {}
    breaks = (rules.OLD_RELEASE_STARTS,)
    shows = "applied migration 10 is not resolved locally"

    def harm(self, ground: DataEnvironment) -> None:
        _python, _option, _module, *words = ground.previous["command"]
        ground.previous["command"] = [sys.executable, "-c", _escape(VALIDATION), *words]


class AnOpenConnectionKeepsAnOldPlan(_BesideTheNew):
    """The type of a column changes under the running release: who looks a patient up sees an error
    until the release is started again.
    """

    perhaps: ClassVar[Mapping[str, str]] = _CONTRACTS
    script = "ALTER TABLE patients ALTER COLUMN mrn TYPE text;\n"
    breaks = (rules.OLD_RELEASE_GOES_ON,)
    shows = "reading a patient"


class BothReleasesTakeAllConnections(_BesideTheNew):
    """At half of the rollout the database refuses the next instance: SQLSTATE 53300."""

    also: ClassVar[Mapping[str, str]] = {}
    starts_previous = False
    breaks = (health_rules.CONNECTION_BUDGET,)
    shows = "300 of both releases"

    def harm(self, ground: DataEnvironment) -> None:
        ground.connections["pool"] = 100


def _escape(text: str) -> str:
    """Double the braces: a word of a command may name `{port}`."""
    return text.replace("{", "{{").replace("}", "}}")
