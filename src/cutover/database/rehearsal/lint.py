"""What a linter says of the pending scripts, as far as it concerns who would be locked out, or
which running release would break.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path

import psycopg

from cutover.database.history import flyway, pending
from cutover.database.history.applying import runs_alone
from cutover.database.history.scripts import Script, known_placeholders, scripts_on_disk
from cutover.database.rehearsal import squawk
from cutover.database.session import DatabaseSilent, first_line
from cutover.database.site import Site
from cutover.evidence.examination import Examination, NotProven


def rules() -> dict[str, tuple[str, ...]]:
    """Squawk's rules: `lock` and `break` count, `style` does not."""
    return {
        kind: tuple(names)
        for kind, names in tomllib.loads(
            (files(__package__) / "lint_rules.toml").read_text(encoding="utf-8")
        ).items()
    }


class Lint:
    """Raises `NotProven` where there is no linter or no script."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def harms_nobody(self) -> Examination:
        """Whether any pending script does what locks people out or breaks the release before."""
        excepted = self.site.migrations.rehearsal.lint_except
        program, scripts = squawk.program(), self._scripts()
        remarks, unread = self._remarks(program, scripts)
        silent = {*rules()["style"], *excepted}
        left_out = Counter(remark.rule for _, remark in remarks if remark.rule in excepted)
        return self.site.examined(
            Examination(
                "Linted scripts",
                tuple(script.file_name for script in scripts if script.file_name not in unread),
                findings=tuple(
                    f"{name}:{remark.line} {remark.rule}: {remark.message}"
                    for name, remark in remarks
                    if remark.rule not in silent
                ),
                unproven=tuple(unread.values()),
                facts={
                    "scripts": {script.file_name: script.sha256 for script in scripts},
                    "excepted": excepted,
                    "left out by exception": dict(left_out),
                    "style, not counted": dict(
                        Counter(
                            remark.rule for _, remark in remarks if remark.rule in rules()["style"]
                        )
                    ),
                },
            )
        )

    def _remarks(
        self, program: Path, scripts: list[Script]
    ) -> tuple[list[tuple[str, squawk.Remark]], dict[str, str]]:
        """All remarks with their script's name; and for each script that squawk could not read, the
        sentence that says so.
        """
        major = self._major()
        remarks: list[tuple[str, squawk.Remark]] = []
        unread: dict[str, str] = {}
        for script in scripts:
            text = self._filled(script)
            found = squawk.lint(
                program, text, major=major, in_transaction=not runs_alone(script, text)
            )
            remarks += [
                (script.file_name, remark) for remark in found if remark.rule != squawk.UNREADABLE
            ]
            if syntax := [remark for remark in found if remark.rule == squawk.UNREADABLE]:
                unread[script.file_name] = (
                    f"{script.file_name}:{syntax[0].line} cannot be read by squawk"
                    f" ({syntax[0].message}), and what it cannot read it does not judge."
                )
        return remarks, unread

    def _filled(self, script: Script) -> str:
        """The script as it would run: placeholders are replaced."""
        known = known_placeholders(self.site, script.path.name)
        text = script.content.decode("utf-8-sig")
        if missing := flyway.unfilled(text, known):
            raise NotProven(
                f"{script.file_name} cannot be linted: nothing is declared for ${{{missing[0]}}}"
                " (migrations.placeholders)"
            )
        return flyway.replaced(text, known)

    def _major(self) -> int:
        try:
            with self.site.connect() as target:
                return int(target.info.server_version // 10000)
        except DatabaseSilent as silent:
            raise NotProven(
                f"which PostgreSQL the scripts are for is not known: {silent}"
            ) from None

    def _scripts(self) -> list[Script]:
        """What is pending on the target; after the cutover, what came since the snapshot.

        Raises `NotProven` when that is nothing.
        """
        try:
            if waiting := pending(self.site, self.site.dsn.get_secret_value()):
                return waiting
        except psycopg.Error as error:
            raise NotProven(
                f"what is pending on the target could not be read: {first_line(error)}"
            ) from None
        before = self._before()
        since = [
            script
            for script in scripts_on_disk(self.site)
            if script.version and (before is None or script.version > before)
        ]
        if not since:
            raise NotProven(
                f"no script is pending on the target, and none is above version {before}, which the"
                " snapshot found there"
            )
        return since

    def _before(self) -> flyway.Version | None:
        """The migration that the snapshot found; None when it found none."""
        from cutover.database.snapshot import (
            Snapshot,
        )  # the snapshot measures rows, which is more to load than a linter needs

        try:
            migration = Snapshot.newest(self.site).migration
        except NotProven as hole:
            raise NotProven(
                "no script is pending on the target, and which ones the cutover brought is not"
                f" known: {hole}"
            ) from None
        return flyway.Version.of(migration) if migration else None
