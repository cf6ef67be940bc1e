"""The questions about the review of the release's code; each method answers one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cutover_gates.config.pipeline import PipelineSettings
from cutover_gates.config.release_proofs import CodeReviewSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.deployment.code_review import rules
from cutover_gates.probes.deployment.code_review.review_record import (
    PullRequest,
    ReviewedCommit,
    ReviewRecord,
    load_record,
)
from cutover_gates.probes.deployment.deployment_context import DeploymentContext

MAX_CLOCK_SKEW_SECONDS = 300.0
"""Seconds by which the clocks of two machines may differ."""
BOT_SUFFIX = "[bot]"
SHOWN = 12
"""Digits of a commit that are shown."""


@dataclass(frozen=True)
class CodeReviewAssessments:
    """The questions about the pull requests. `resolve_path` makes a setting a path to open."""

    context: DeploymentContext
    settings: CodeReviewSettings
    pipeline: PipelineSettings
    resolve_path: Callable[[Path], Path]
    redactor: Redactor

    def assess_commits(self) -> Assessment:
        """The record has all commits of the release, and each came through a pull request."""
        return self._assess("Every commit came through a pull request", self._check_commits)

    def assess_approvals(self) -> Assessment:
        """Each commit is approved, as it was merged, by somebody who did not write it."""
        return self._assess("Every commit is approved by somebody else", self._check_approvals)

    def _assess(
        self, title: str, check: Callable[[ReviewRecord, AssessmentBuilder], None]
    ) -> Assessment:
        builder, rule, context = AssessmentBuilder(), rules.REVIEW_DECLARED, self.context
        needed = ("file", "previous_commit")
        lacks = context.add_undeclared(builder, rule, "code_review", self.settings, needed)
        lacks |= context.add_undeclared(builder, rule, "pipeline", self.pipeline, ("commit",))
        file = self.settings.file
        if not lacks and file is not None:
            record = load_record(file, self.resolve_path, self.redactor, builder)
            if record is not None and self._is_of_this_release(record, builder):
                check(record, builder)
        return context.finish(builder, title)

    def _is_of_this_release(self, record: ReviewRecord, builder: AssessmentBuilder) -> bool:
        wanted = {
            "commit": (str(self.pipeline.commit), record.commit),
            "previous_commit": (str(self.settings.previous_commit), record.previous_commit),
        }
        for key, (expected, actual) in wanted.items():
            if expected != actual:
                builder.add_finding(
                    rules.SAME_COMMITS, f"{record.name}, {key}", expected=expected, actual=actual
                )
        return all(expected == actual for expected, actual in wanted.values())

    def _check_commits(self, record: ReviewRecord, builder: AssessmentBuilder) -> None:
        self._check_age(record, builder)
        for doubt in _find_missing(record):
            builder.add_gap(rules.COMMITS_COMPLETE, record.name, doubt)
        builder.figures |= {
            "commits": len(record.commits),
            "pull requests": len(record.pull_requests),
        }
        for commit in record.commits:
            request = _request_of(commit, record)
            if request is None or not request.merged:
                builder.add_finding(
                    rules.THROUGH_PULL_REQUEST,
                    f"commit {commit.id[:SHOWN]}",
                    expected="a merged pull request",
                    actual=_describe_origin(commit, request),
                )
            else:
                builder.checked.append(f"commit {commit.id[:SHOWN]}")

    def _check_age(self, record: ReviewRecord, builder: AssessmentBuilder) -> None:
        hours = (time.time() - record.collected.timestamp()) / 3600
        limit = self.settings.max_age_hours
        if hours > limit or hours * 3600 < -MAX_CLOCK_SKEW_SECONDS:
            builder.add_finding(
                rules.RECORD_RECENT,
                record.name,
                expected=f"at most {limit:g} h ago",
                actual="in the future" if hours < 0 else f"{hours:.1f} h ago",
            )

    def _check_approvals(self, record: ReviewRecord, builder: AssessmentBuilder) -> None:
        if not record.commits:
            builder.add_gap(rules.COMMITS_COMPLETE, record.name, "it has no commit")
        for request in record.pull_requests:
            own = [commit for commit in record.commits if commit.pull_request == request.number]
            if own:
                self._judge_request(request, own, builder)

    def _judge_request(
        self, request: PullRequest, commits: list[ReviewedCommit], builder: AssessmentBuilder
    ) -> None:
        subject = f"pull request {request.number}"
        # Who merges is the author of the merge, and wrote nothing of it.
        written = [commit for commit in commits if len(commit.parents) < 2]
        if any(not commit.author for commit in written):
            count = sum(not commit.author for commit in written)
            builder.add_gap(rules.AUTHOR_KNOWN, subject, f"{count} commits without an author")
        people, why_not = self._find_approvals(request)
        authors = {request.author.casefold()} | {_author_of(commit) for commit in written}
        for author in sorted(authors - {""}):
            others = people - {author, request.author.casefold()}
            if len(others) < self.settings.approvals:
                builder.add_finding(
                    rules.APPROVED_BY_OTHERS,
                    subject,
                    expected=f"approvals of its last commit by others: {self.settings.approvals}",
                    actual=self.redactor.redact_text(_describe(people, author, why_not)),
                )
                return
        builder.checked.append(subject)

    def _find_approvals(self, request: PullRequest) -> tuple[frozenset[str], list[str]]:
        """Return who approves it as it was merged, and why other approvals do not count."""
        # The last word of each person counts; a comment changes nothing of it.
        last = {
            one.by.casefold(): one
            for one in request.reviews
            if one.state not in ("COMMENTED", "PENDING")
        }
        people, why_not = set(), []
        bots = {name.casefold() for name in self.settings.bots}
        for name, review in last.items():
            if review.state != "APPROVED":
                why_not.append(f"{name}: {review.state.lower().replace('_', ' ')}")
            elif not name or review.type != "User" or name.endswith(BOT_SUFFIX) or name in bots:
                why_not.append(f"{name or 'a deleted account'}: no person")
            elif review.commit != request.head:
                why_not.append(f"{name}: of an earlier commit")
            else:
                people.add(name)
        if any(one.state == "CHANGES_REQUESTED" for one in last.values()):
            # Somebody who asked for changes has not seen them.
            people.clear()
        return frozenset(people), why_not


def _find_missing(record: ReviewRecord) -> list[str]:
    """Return why commits of the release may be missing from the record."""
    by_id = {commit.id: commit for commit in record.commits}
    doubts = []
    if record.total_commits != len(by_id) or not by_id:
        doubts.append(f"it has {len(by_id)} of {record.total_commits} commits")
    if record.commit not in by_id:
        doubts.append(f"commit {record.commit[:SHOWN]} itself is not in it")
    reached, to_visit = set[str](), [record.commit]
    while to_visit:
        current = to_visit.pop()
        if current not in reached:
            reached.add(current)
            to_visit += by_id[current].parents if current in by_id else ()
    if unreached := by_id.keys() - reached:
        doubts.append(f"{len(unreached)} commits are not reached from the newest one")
    if record.previous_commit not in reached:
        doubts.append(f"no way leads to the release before, {record.previous_commit[:SHOWN]}")
    return doubts


def _request_of(commit: ReviewedCommit, record: ReviewRecord) -> PullRequest | None:
    return record.by_number.get(commit.pull_request) if commit.pull_request is not None else None


def _describe_origin(commit: ReviewedCommit, request: PullRequest | None) -> str:
    if request is not None:
        return f"pull request {request.number}, which is not merged"
    if commit.pull_request is not None:
        return f"pull request {commit.pull_request}, which is not in the file"
    return "it was pushed"


def _author_of(commit: ReviewedCommit) -> str:
    return (commit.author or "").casefold()


def _describe(people: frozenset[str], author: str, why_not: list[str]) -> str:
    if author in people:
        why_not = [*why_not, f"{author}: wrote a part of it"]
    if not people:
        return "; ".join(why_not) or "no review"
    return "; ".join([*why_not, f"approvals that count: {len(people - {author})}"])
