"""Faults of the migration history: scripts that changed, are missing, were left out or are foreign."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from cutover_gates.probes.database.history import rules as history_rules
from reference import migrate
from tests.faults.data.data_environment import NAME, DataEnvironment
from tests.faults.data.data_fault import DataFault


class _History(DataFault):
    item = "migrations-applied"


class AScriptWasEdited(_History):
    """What ran on staging is not what ran here."""

    breaks = (history_rules.FILES_UNCHANGED,)
    shows = "V8"

    def harm(self, ground: DataEnvironment) -> None:
        script = next(ground.scripts.glob("V8__*.sql"))
        script.write_text(
            script.read_text(encoding="utf-8").replace("'Not recorded'", "'not recorded'"),
            encoding="utf-8",
        )


class AnEditThatTheChecksumDoesNotSee(_History):
    """A comment swallowed a statement: with the line break gone, Flyway's checksum is the same."""

    breaks = (history_rules.RECORDED_FILES,)
    shows = "V9"

    def harm(self, ground: DataEnvironment) -> None:
        script = next(ground.scripts.glob("V9__*.sql"))
        text = script.read_text(encoding="utf-8")
        first, _, rest = text.partition("\n")
        assert first.startswith("--"), "the script no longer begins with a comment"
        script.write_text(first + rest, encoding="utf-8")


class AScriptIsPending(_History):
    """The release was built with one more script than ran."""

    also: ClassVar[Mapping[str, str]] = {"migration-verified": "what it makes is not there"}
    breaks = (history_rules.MIGRATIONS_APPLIED,)
    shows = "V11"

    def harm(self, ground: DataEnvironment) -> None:
        (ground.scripts / "V11__wards.sql").write_text(
            "CREATE TABLE wards (code varchar(32) PRIMARY KEY);\n", encoding="utf-8"
        )


class AScriptFailed(_History):
    """Half of a migration that no transaction could hold together."""

    statements = "UPDATE flyway_schema_history SET success = false WHERE version = '9'"
    breaks = (history_rules.MIGRATIONS_SUCCEEDED,)
    shows = "V9"


class AFailedScriptLeftNoTrace(_History):
    """On PostgreSQL a failed script leaves no row: the history is shorter, and nothing in it has
    failed.
    """

    also: ClassVar[Mapping[str, str]] = {
        "migration-verified": "what it makes is not there",
        "key-tables": "its table is missing",
        "row-counts": "its tables are missing",
    }
    statements = """
        DELETE FROM flyway_schema_history WHERE version = '10';
        DROP TABLE refresh_tokens, idempotency_keys
    """
    breaks = (history_rules.MIGRATIONS_APPLIED,)
    shows = "V10"


class AScriptIsMissingOnDisk(_History):
    """Something ran that the release does not know."""

    also: ClassVar[Mapping[str, str]] = {
        "migration-verified": "the scripts that are left cannot be applied, or make something else"
    }
    breaks = (history_rules.KNOWN_MIGRATIONS,)
    shows = "V5"

    def harm(self, ground: DataEnvironment) -> None:
        next(ground.scripts.glob("V5__*.sql")).unlink()


class SomethingRanFromTheFuture(_History):
    """The database was migrated by a later release: flyway validate lets it pass."""

    statements = """
        INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)
        VALUES (11, '11', 'wards', 'SQL', 'V11__wards.sql', 1, 'owner', 1, true)
    """
    breaks = (history_rules.KNOWN_MIGRATIONS,)
    shows = "11"


class TheContractionRanInTheNight(_History):
    """The columns of the release before are gone, so nobody can go back to it without a restore."""

    also: ClassVar[Mapping[str, str]] = {
        "migration-verified": "the scripts of the night leave these columns",
        "row-counts": "nobody declared that they go",
        "content-unchanged": "what they held cannot be compared",
    }
    breaks = (history_rules.POINT_NOT_PASSED,)
    shows = "V11"

    def harm(self, ground: DataEnvironment) -> None:
        shutil.copy2(next(migrate.SCRIPTS.glob("V11__*.sql")), ground.scripts)
        ground.migrations["point_of_no_return"] = "10"
        migrate.migrate(ground.server.dsn(NAME), to=None, folder=ground.scripts)


class TheContractionWasAnotherScript(DataFault):
    """A week later a script took more away than was tested."""

    item, gate = "contraction-unaltered", "post-week"
    breaks = (history_rules.FILES_UNCHANGED,)
    shows = "V11"

    def harm(self, ground: DataEnvironment) -> None:
        script = Path(shutil.copy2(next(migrate.SCRIPTS.glob("V11__*.sql")), ground.scripts))
        ground.migrations["point_of_no_return"] = "10"
        migrate.migrate(ground.server.dsn(NAME), to=None, folder=ground.scripts)
        script.write_text(script.read_text(encoding="utf-8") + "SELECT 1;\n", encoding="utf-8")


class TheLastScriptOfTheNightIsNone(_History):
    """The number is misspelt: Flyway refuses such a target, and nothing would be migrated."""

    also: ClassVar[Mapping[str, str]] = {
        "migration-verified": "nobody knows what the scripts of the night make"
    }
    breaks = (history_rules.USABLE_SCRIPTS,)
    shows = "version 100"

    def harm(self, ground: DataEnvironment) -> None:
        ground.migrations["point_of_no_return"] = "100"


class ScriptsRanOutOfOrder(_History):
    """They were tested in one order and ran in another: flyway validate lets it pass."""

    statements = """
        UPDATE flyway_schema_history SET installed_rank = installed_rank + 100 WHERE version IN ('8', '9');
        UPDATE flyway_schema_history SET installed_rank = CASE version WHEN '9' THEN 8 ELSE 9 END WHERE version IN ('8', '9')
    """
    breaks = (history_rules.APPLIED_IN_ORDER,)
    shows = "after a higher version"


class TheScriptsAreNotWhereTheyShouldBe(_History):
    """An empty folder: flyway validate finds nothing wrong with it."""

    outcome = "not proven"
    breaks = (history_rules.SCRIPTS_FOUND,)
    also: ClassVar[Mapping[str, str]] = {"migration-verified": "there is nothing to apply"}

    def harm(self, ground: DataEnvironment) -> None:
        for script in ground.scripts.glob("*.sql"):
            script.unlink()


class TheHistoryIsGone(_History):
    """Nobody can say what ran."""

    breaks = (history_rules.HISTORY_TABLE,)
    also: ClassVar[Mapping[str, str]] = {
        "row-counts": "it held rows",
        "backup-taken": "nobody can say what is before and what is after",
    }
    statements = "DROP TABLE flyway_schema_history"
