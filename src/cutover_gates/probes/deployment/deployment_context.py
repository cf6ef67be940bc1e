"""What the deployment assessments share: the target, undeclared keys, files, a missing object."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cutover_gates.config.base import SettingsTable
from cutover_gates.core.bounded_json import parse_json
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import Finding, Rule, describe_finding
from cutover_gates.util.http import ERROR_TEXT_LIMIT, SourceUnavailable


class ObjectNotFound(SourceUnavailable):
    """The source answered, and the object does not exist or is another: a finding, not a gap."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(describe_finding(finding))
        self.finding = finding


@dataclass(frozen=True)
class DeploymentContext:
    """The target's name, and who takes the assessments."""

    target: str
    record: Callable[[Assessment], None] = field(default=lambda _assessment: None, repr=False)

    def add_undeclared(
        self,
        builder: AssessmentBuilder,
        rule: Rule,
        section: str,
        table: SettingsTable,
        keys: Iterable[str],
    ) -> bool:
        """Add a gap of `rule` for each key of the table that is not set; return whether one is.

        `section` is the table's name under `infrastructure`.
        """
        missing = [key for key in keys if getattr(table, key) is None]
        for key in missing:
            name = f"targets.{self.target}.infrastructure.{section}.{key}"
            builder.add_gap(rule, name, "not set")
        return bool(missing)

    def finish(self, builder: AssessmentBuilder, title: str) -> Assessment:
        """Return the assessment and leave it in the evidence."""
        assessment = builder.build(title)
        self.record(assessment)
        return assessment


@dataclass(frozen=True)
class SchemaFile:
    """A declared JSON file that a program leaves, and the JSON schema that it must fit.

    `readable` and `valid` are the rules of a missing and of an invalid file.
    """

    schema: Path
    readable: Rule
    valid: Rule

    def load(self, file: Path, path: Path, redactor: Redactor, builder: AssessmentBuilder) -> Any:
        """Return the content of `path`, which the settings name `file`; None where it is not valid.

        A file that is missing is a gap, one that is invalid a finding.
        """
        try:
            fields = parse_json(path.read_bytes())
        # A program that left no file is not known to have failed.
        except OSError as error:
            builder.add_gap(self.readable, str(file), type(error).__name__)
            return None
        except ValueError:  # also bytes that are no text
            expected = "a JSON document"
            builder.add_finding(self.valid, file.name, expected=expected, actual="invalid JSON")
            return None
        # The first mistake is enough: the file is written by a program.
        mistake = next(_load_validator(self.schema).iter_errors(fields), None)
        if mistake is None:
            return fields
        builder.add_finding(
            self.valid,
            f"{file.name} at {mistake.json_path}",
            expected=f"a value as in {self.schema.name}",
            actual=redactor.redact_text(mistake.message)[:ERROR_TEXT_LIMIT],
        )
        return None


@cache
def _load_validator(schema: Path) -> Any:
    from jsonschema import Draft202012Validator  # 0.17 s: only where such a file is declared

    return Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))


def add_failure(
    builder: AssessmentBuilder, rule: Rule, error: SourceUnavailable, subject: str = ""
) -> None:
    """Add a missing object's own finding; for any other failure a gap of `rule`."""
    # The source answered: this is a fact about the release, and no gap.
    if isinstance(error, ObjectNotFound):
        builder.findings.append(error.finding)
    else:
        builder.add_gap(rule, error.url or subject, error.reason)
