"""The file with the commits and pull requests of a release: reading it, and its schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.deployment.code_review import rules
from cutover_gates.probes.deployment.deployment_context import SchemaFile

SCHEMA = Path(__file__).with_name("code_review.schema.json")
FILE = SchemaFile(SCHEMA, rules.RECORD_READABLE, rules.RECORD_VALID)


@dataclass(frozen=True)
class ReviewedCommit:
    """A commit of the release. `author` and `pull_request` are None where there is none known."""

    id: str
    author: str | None
    parents: tuple[str, ...]
    pull_request: int | None


@dataclass(frozen=True)
class Review:
    """One review of a pull request, as the forge tells it."""

    by: str
    type: str
    state: str
    commit: str | None


@dataclass(frozen=True)
class PullRequest:
    """A pull request. `reviews` are in the order in which they were given."""

    number: int
    author: str
    head: str
    merged: bool
    reviews: tuple[Review, ...]


@dataclass(frozen=True)
class ReviewRecord:
    """The content of the file, valid by its schema."""

    commit: str
    previous_commit: str
    total_commits: int
    commits: Sequence[ReviewedCommit]
    pull_requests: Sequence[PullRequest]
    collected: datetime
    name: str

    @cached_property
    def by_number(self) -> Mapping[int, PullRequest]:
        """The pull requests by their numbers."""
        return {request.number: request for request in self.pull_requests}


def load_record(
    file: Path,
    resolve_path: Callable[[Path], Path],
    redactor: Redactor,
    builder: AssessmentBuilder,
) -> ReviewRecord | None:
    """Return the record; None with a gap for a missing file, with a finding for an invalid one."""
    fields = FILE.load(file, resolve_path(file), redactor, builder)
    if fields is None:
        return None
    return _make_record(fields, file.name, builder)


def _make_record(
    fields: Mapping[str, Any], name: str, builder: AssessmentBuilder
) -> ReviewRecord | None:
    try:
        # The schema checks the form only: 25:00 passes it.
        collected = datetime.fromisoformat(fields["collected"])
    except ValueError:
        builder.add_finding(
            rules.RECORD_VALID,
            f"{name} at $.collected",
            expected="a time",
            actual=fields["collected"],
        )
        return None
    return ReviewRecord(
        fields["commit"],
        fields["previous_commit"],
        fields["total_commits"],
        [_make_commit(each) for each in fields["commits"]],
        [_make_request(each) for each in fields["pull_requests"]],
        collected,
        name,
    )


def _make_commit(fields: Mapping[str, Any]) -> ReviewedCommit:
    return ReviewedCommit(
        fields["commit"], fields["author"], tuple(fields["parents"]), fields["pull_request"]
    )


def _make_request(fields: Mapping[str, Any]) -> PullRequest:
    reviews = (
        Review(one["by"] or "", one["type"] or "", one["state"], one["commit"])
        for one in fields["reviews"]
    )
    return PullRequest(
        fields["number"], fields["author"], fields["head"], fields["merged"], tuple(reviews)
    )
