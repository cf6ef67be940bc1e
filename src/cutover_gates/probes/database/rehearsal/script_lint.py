"""What a linter says of the pending scripts, as far as it concerns who would be locked out, or
which running release would break.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path

import psycopg

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    first_error_line,
)
from cutover_gates.probes.database.history import flyway_conventions
from cutover_gates.probes.database.history.history_table import find_pending_scripts
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    collect_placeholders,
    load_install_scripts,
)
from cutover_gates.probes.database.history.script_execution import requires_autocommit
from cutover_gates.probes.database.rehearsal import squawk
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot


def load_lint_rules() -> dict[str, tuple[str, ...]]:
    """Squawk's rules: `lock` and `break` count, `style` does not."""
    return {
        kind: tuple(names)
        for kind, names in tomllib.loads(
            (files(__package__) / "lint_rules.toml").read_text(encoding="utf-8")
        ).items()
    }


class LintAssessments:
    """Raises `NotProven` where there is no linter or no script."""

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context

    def assess_scripts(self) -> Assessment:
        """Whether any pending script does what locks people out or breaks the release before."""
        excepted = self.context.migrations.rehearsal.lint_except
        program, scripts = squawk.find_squawk(), self._select_scripts()
        remarks, unread = self._lint_scripts(program, scripts)
        silent = {*load_lint_rules()["style"], *excepted}
        left_out = Counter(remark.rule for _, remark in remarks if remark.rule in excepted)
        return self.context.record_assessment(
            Assessment(
                "Linted scripts",
                tuple(script.file_name for script in scripts if script.file_name not in unread),
                findings=tuple(
                    f"{name}:{remark.line} {remark.rule}: {remark.message}"
                    for name, remark in remarks
                    if remark.rule not in silent
                ),
                not_proven=tuple(unread.values()),
                figures={
                    "scripts": {script.file_name: script.sha256 for script in scripts},
                    "excepted": excepted,
                    "left out by exception": dict(left_out),
                    "style, not counted": dict(
                        Counter(
                            remark.rule
                            for _, remark in remarks
                            if remark.rule in load_lint_rules()["style"]
                        )
                    ),
                },
            )
        )

    def _lint_scripts(
        self, program: Path, scripts: list[MigrationScript]
    ) -> tuple[list[tuple[str, squawk.LintRemark]], dict[str, str]]:
        """All remarks with their script's name; and for each script that squawk could not read, the
        sentence that says so.
        """
        major = self._read_major_version()
        remarks: list[tuple[str, squawk.LintRemark]] = []
        unread: dict[str, str] = {}
        for script in scripts:
            text = self._fill_placeholders(script)
            found = squawk.lint_script(
                program, text, major=major, in_transaction=not requires_autocommit(script, text)
            )
            remarks += [
                (script.file_name, remark)
                for remark in found
                if remark.rule != squawk.SYNTAX_ERROR_RULE
            ]
            if syntax := [remark for remark in found if remark.rule == squawk.SYNTAX_ERROR_RULE]:
                unread[script.file_name] = (
                    f"{script.file_name}:{syntax[0].line} cannot be read by squawk"
                    f" ({syntax[0].message}), and what it cannot read it does not judge."
                )
        return remarks, unread

    def _fill_placeholders(self, script: MigrationScript) -> str:
        """The script as it would run: placeholders are replaced."""
        known = collect_placeholders(self.context, script.path.name)
        text = script.content.decode("utf-8-sig")
        if missing := flyway_conventions.find_undeclared_placeholders(text, known):
            raise NotProven(
                f"{script.file_name} cannot be linted: nothing is declared for ${{{missing[0]}}}"
                " (migrations.placeholders)"
            )
        return flyway_conventions.replace_placeholders(text, known)

    def _read_major_version(self) -> int:
        try:
            with self.context.connect() as target:
                return int(target.info.server_version // 10000)
        except DatabaseUnreachable as silent:
            raise NotProven(
                f"which PostgreSQL the scripts are for is not known: {silent}"
            ) from None

    def _select_scripts(self) -> list[MigrationScript]:
        """What is pending on the target; after the cutover, what came since the snapshot.

        Raises `NotProven` when that is nothing.
        """
        try:
            if waiting := find_pending_scripts(self.context, self.context.dsn.get_secret_value()):
                return waiting
        except psycopg.Error as error:
            raise NotProven(
                f"what is pending on the target could not be read: {first_error_line(error)}"
            ) from None
        before = self._read_snapshot_version()
        since = [
            script
            for script in load_install_scripts(self.context)
            if script.version and (before is None or script.version > before)
        ]
        if not since:
            raise NotProven(
                f"no script is pending on the target, and none is above version {before}, which the"
                " snapshot found there"
            )
        return since

    def _read_snapshot_version(self) -> flyway_conventions.Version | None:
        """The migration that the snapshot found; None when it found none."""

        try:
            migration = find_newest_snapshot(self.context).migration
        except NotProven as hole:
            raise NotProven(
                "no script is pending on the target, and which ones the cutover brought is not"
                f" known: {hole}"
            ) from None
        return flyway_conventions.Version.parse(migration) if migration else None
