"""The migration itself, rehearsed; and the server that it runs on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cutover_gates.probes.database.health import rules as health_rules
from cutover_gates.probes.database.rehearsal import rules as rehearsal_rules
from cutover_gates.probes.database.rows import rules as rows_rules
from tests.faults.data.data_environment import DataEnvironment
from tests.faults.data.data_fault import DataFault

_STAGING: Mapping[str, str] = {"migrations-in-staging": "staging never had that script"}


class _Rehearsed(DataFault):
    """The day before: the pending scripts run on a copy."""

    item = "migration-dry-run"
    gate = "t24"
    also: ClassVar[Mapping[str, str]] = {
        "migration-scripts-tested": "they are the same scripts",
        **_STAGING,
    }
    script: ClassVar[str]

    def harm(self, ground: DataEnvironment) -> None:
        (ground.scripts / "V11__more.sql").write_text(self.script, encoding="utf-8")


class ALongLock(_Rehearsed):
    """Nobody can open a visit for six seconds: the plan promises zero downtime."""

    also: ClassVar[Mapping[str, str]] = _STAGING
    script = "LOCK TABLE visits IN ACCESS EXCLUSIVE MODE;\nSELECT pg_sleep(6);\n"
    breaks = (rehearsal_rules.SHORT_WAITS,)
    shows = "visits"


class AScriptThatFails(_Rehearsed):
    """It ran on the developer's laptop, where no visit is older than the column's rule."""

    script = "ALTER TABLE visits ADD CONSTRAINT visits_recent CHECK (opened_at > '2026-01-01');\n"
    breaks = (rehearsal_rules.SCRIPTS_RUN,)
    shows = "V11"


class AScriptThatSpoilsData(_Rehearsed):
    """It runs, quickly and without a lock, and shifts every birthday."""

    item = "migration-scripts-tested"
    also: ClassVar[Mapping[str, str]] = {
        "migration-dry-run": "it is the same rehearsal",
        **_STAGING,
    }
    script = "UPDATE patients SET birth_date = birth_date + 1;\n"
    breaks = (rows_rules.CONTENT,)
    shows = "patients"


class AScriptThatALinterKnows(_Rehearsed):
    """The release before still runs, and reads the table by its old name."""

    item = "script-lint"
    also: ClassVar[Mapping[str, str]] = {
        "migration-dry-run": "the table is in every expectation",
        "migration-scripts-tested": "the same",
        **_STAGING,
    }
    script = "ALTER TABLE facilities RENAME TO houses;\n"
    breaks = (rehearsal_rules.BREAKING_STATEMENT,)
    shows = "renaming-table"


class ABlockOfCodeDropsAColumn(_Rehearsed):
    """The release before reads the state of each visit. A linter of statements sees no drop."""

    item = "script-lint"
    also: ClassVar[Mapping[str, str]] = {
        "migration-dry-run": "the column is in every expectation",
        "migration-scripts-tested": "the same",
        **_STAGING,
    }
    script = "DO $$ BEGIN EXECUTE 'ALTER TABLE visits DROP COLUMN state CASCADE'; END $$;\n"
    breaks = (rehearsal_rules.NIGHT_ONLY_EXPANDS,)
    shows = "public.visits.state"


class NothingCanBeWritten(DataFault):
    """The switch that kept people from writing during the migration was left on: nobody can be
    registered.
    """

    item = "database-health"
    also: ClassVar[Mapping[str, str]] = {"migration-verified": "it was not so before"}
    statements = "ALTER DATABASE hospital SET default_transaction_read_only = on"
    breaks = (health_rules.WRITABLE,)
    shows = "read"


class AnExtensionAppeared(DataFault):
    """Something was installed on the server that the release does not know."""

    item = "database-health"
    also: ClassVar[Mapping[str, str]] = {"migration-verified": "no script makes it"}
    statements = "CREATE EXTENSION vector"
    breaks = (health_rules.SAME_SERVER,)
    shows = "vector"
