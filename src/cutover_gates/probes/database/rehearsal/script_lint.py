"""The remarks of a linter on the pending scripts: locks, and harm to the running release."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Rule, gap_error
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
)
from cutover_gates.probes.database.history import flyway_conventions
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    collect_placeholders,
)
from cutover_gates.probes.database.history.script_execution import requires_autocommit
from cutover_gates.probes.database.rehearsal import rules, squawk
from cutover_gates.probes.database.rehearsal.release_scripts import select_scripts_of_release


def load_lint_rules() -> dict[str, tuple[str, ...]]:
    """Return squawk's rules by their kind: `lock` and `break` count, `style` does not."""
    text = (files(__package__) / "lint_rules.toml").read_text(encoding="utf-8")
    return {kind: tuple(names) for kind, names in tomllib.loads(text).items()}


@dataclass(frozen=True)
class _ScriptRemark:
    """A remark with the script that it is on."""

    script: str
    remark: squawk.LintRemark

    @property
    def place(self) -> str:
        """The script and the line."""
        return f"{self.script}:{self.remark.line}"

    @property
    def is_syntax_error(self) -> bool:
        """True where squawk could not read the script."""
        return self.remark.rule == squawk.SYNTAX_ERROR_RULE


class LintAssessments:
    """The pending scripts as a linter sees them.

    Raise `NotProven` where there is no linter or no script.
    """

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context

    def assess_scripts(self) -> Assessment:
        """Check that no pending script locks people out or breaks the release before."""
        remarks, scripts = self._lint_scripts()
        kinds, builder = load_lint_rules(), AssessmentBuilder()
        excepted = self.context.migrations.rehearsal.lint_except
        unreadable = self._add_unreadable(remarks, builder)
        silent = {*kinds["style"], *excepted}
        for one in remarks:
            if not one.is_syntax_error and one.remark.rule not in silent:
                actual = f"{one.remark.rule}: {one.remark.message}"
                builder.add_finding(_select_rule(one.remark, kinds), one.place, actual=actual)
        names = [script.file_name for script in scripts]
        builder.checked = [name for name in names if name not in unreadable]
        builder.figures = {
            "scripts": {script.file_name: script.sha256 for script in scripts},
            "excepted": excepted,
            "left out by exception": _count_rules(remarks, excepted),
            "style, not counted": _count_rules(remarks, kinds["style"]),
        }
        return self.context.record_assessment(builder.build("Linted scripts"))

    def _add_unreadable(
        self, remarks: Iterable[_ScriptRemark], builder: AssessmentBuilder
    ) -> set[str]:
        """Add a gap for each script that squawk cannot read, and return their names."""
        unreadable = set[str]()
        for one in remarks:
            if one.is_syntax_error and one.script not in unreadable:
                builder.add_gap(rules.SCRIPT_LINTABLE, one.place, one.remark.message)
                unreadable.add(one.script)
        return unreadable

    def _lint_scripts(self) -> tuple[list[_ScriptRemark], list[MigrationScript]]:
        program, scripts = squawk.find_squawk(), select_scripts_of_release(self.context)
        major = self._read_major_version()
        remarks: list[_ScriptRemark] = []
        for script in scripts:
            text = self._fill_placeholders(script)
            in_transaction = not requires_autocommit(script, text)
            found = squawk.lint_script(program, text, major=major, in_transaction=in_transaction)
            remarks += [_ScriptRemark(script.file_name, remark) for remark in found]
        return remarks, scripts

    def _fill_placeholders(self, script: MigrationScript) -> str:
        """Return the script as it would run, with placeholders replaced."""
        known = collect_placeholders(self.context, script.path.name)
        text = script.content.decode("utf-8-sig")
        if missing := flyway_conventions.find_undeclared_placeholders(text, known):
            reason = f"nothing is declared for ${{{missing[0]}}} (migrations.placeholders)"
            raise gap_error(rules.SCRIPT_LINTABLE, script.file_name, reason)
        return flyway_conventions.replace_placeholders(text, known)

    def _read_major_version(self) -> int:
        try:
            with self.context.connect() as target:
                return int(target.info.server_version // 10000)
        except DatabaseUnreachable as error:
            reason = f"the PostgreSQL version of the target is not known: {error}"
            raise gap_error(rules.SCRIPTS_KNOWN, self.context.target, reason) from None


def _select_rule(remark: squawk.LintRemark, kinds: dict[str, tuple[str, ...]]) -> Rule:
    if remark.rule in kinds["lock"]:
        return rules.LOCKING_STATEMENT
    return rules.BREAKING_STATEMENT if remark.rule in kinds["break"] else rules.UNKNOWN_REMARK


def _count_rules(remarks: Iterable[_ScriptRemark], names: Iterable[str]) -> dict[str, Any]:
    wanted = set(names)
    return dict(Counter(one.remark.rule for one in remarks if one.remark.rule in wanted))
