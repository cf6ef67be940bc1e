"""Faults of the review of the release's code."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cutover_gates.config.pipeline import PipelineSettings
from cutover_gates.config.release_proofs import CodeReviewSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.deployment.code_review import rules
from cutover_gates.probes.deployment.code_review.assessments import CodeReviewAssessments
from cutover_gates.probes.deployment.deployment_context import DeploymentContext
from tests.faults.proofs.proof_fault import ProofFault

PREVIOUS, FIRST, SECOND, MERGE = (f"{number}{'0' * 39}" for number in "1234")
COMMITS, APPROVED = (
    "test_every_commit_came_through_a_pull_request",
    "test_every_commit_is_approved_by_somebody_else",
)
Record = dict[str, Any]


def review(by: str = "grace", state: str = "APPROVED", commit: str = SECOND, **more: Any) -> Record:
    return {"by": by, "type": "User", "state": state, "commit": commit, **more}


def make_record() -> Record:
    """Return two commits of Ada's and their merge by Grace, who approved them."""
    rows = (
        (FIRST, "ada", [PREVIOUS]),
        (SECOND, "ada", [FIRST]),
        (MERGE, "grace", [PREVIOUS, SECOND]),
    )
    return {
        "commit": MERGE,
        "previous_commit": PREVIOUS,
        "total_commits": 3,
        "collected": datetime.now(UTC).isoformat(),
        "commits": [
            {"commit": commit, "author": author, "parents": parents, "pull_request": 7}
            for commit, author, parents in rows
        ],
        "pull_requests": [
            {
                "number": 7,
                "author": "ada",
                "head": SECOND,
                "merged": True,
                "reviews": [review("linus", "COMMENTED"), review()],
            }
        ],
    }


def make_review(folder: Path, record: Record | None, **asked: Any) -> CodeReviewAssessments:
    """Return the questions about a record; None is not written."""
    if record is not None:
        (folder / "review.json").write_text(json.dumps(record), encoding="utf-8")
    table = {"file": "review.json", "previous_commit": PREVIOUS, **asked}
    return CodeReviewAssessments(
        DeploymentContext("staging"),
        CodeReviewSettings.model_validate(table),
        PipelineSettings(commit=MERGE),
        folder.joinpath,
        Redactor(),
    )


class ReviewFault(ProofFault):
    """`harm` changes the record."""

    item, fixture, check = "final-code-review", "code_review", APPROVED

    @staticmethod
    def harm(record: Record) -> None:
        raise NotImplementedError

    @classmethod
    def asked(cls, folder: Path) -> CodeReviewAssessments:
        record = make_record()
        cls.harm(record)
        return make_review(folder, record)


class _Reviewed(ReviewFault):
    """`reviews` are those of the pull request."""

    breaks = (rules.APPROVED_BY_OTHERS,)

    @staticmethod
    def reviews() -> list[Record]:
        raise NotImplementedError

    @classmethod
    def asked(cls, folder: Path) -> CodeReviewAssessments:
        record = make_record()
        record["pull_requests"][0]["reviews"] = cls.reviews()
        return make_review(folder, record)


class NobodyApproved(_Reviewed):
    """One pair of eyes only has seen how doses are computed."""

    shows = "pull request 7 | approvals of its last commit by others: 1 | no review |"

    @staticmethod
    def reviews() -> list[Record]:
        return []


class ACommitWasPushed(ReviewFault):
    """A quick correction of last night went past the review."""

    check, breaks = COMMITS, (rules.THROUGH_PULL_REQUEST,)
    shows = "commit 300000000000 | a merged pull request | it was pushed |"

    @staticmethod
    def harm(record: Record) -> None:
        record["commits"][1]["pull_request"] = None


class ThePullRequestIsNotMerged(ReviewFault):
    """Its branch was deployed before anybody agreed."""

    check, breaks, shows = COMMITS, (rules.THROUGH_PULL_REQUEST,), "which is not merged"

    @staticmethod
    def harm(record: Record) -> None:
        record["pull_requests"][0]["merged"] = False


class TheAuthorApproved(_Reviewed):
    """The forge lets an owner approve their own work."""

    shows = "ada: wrote a part of it"

    @staticmethod
    def reviews() -> list[Record]:
        return [review("Ada")]


class TheApprovalWasDismissed(_Reviewed):
    """Somebody found an error in it after all."""

    shows = "| grace: dismissed |"

    @staticmethod
    def reviews() -> list[Record]:
        return [review(), review(state="DISMISSED")]


class SomebodyStillAsksForChanges(_Reviewed):
    """One has approved, and another has seen that it loses a dose."""

    shows = "linus: changes requested"

    @staticmethod
    def reviews() -> list[Record]:
        return [review(), review("linus", "CHANGES_REQUESTED")]


class ABotApproved(_Reviewed):
    """A program approves whatever has green tests."""

    shows = "merge-helper[bot]: no person"

    @staticmethod
    def reviews() -> list[Record]:
        return [review("merge-helper[bot]", type="Bot")]


class TheApprovalIsOfAnEarlierCommit(_Reviewed):
    """The last commit came after it, and nobody read it."""

    shows = "grace: of an earlier commit"

    @staticmethod
    def reviews() -> list[Record]:
        return [review(commit=FIRST)]


class AnotherAuthorApproved(ReviewFault):
    """Grace wrote a part of the branch, and approved it under Ada's name."""

    breaks, shows = (rules.APPROVED_BY_OTHERS,), "grace: wrote a part of it"

    @staticmethod
    def harm(record: Record) -> None:
        record["commits"][1]["author"] = "grace"


class AnAuthorIsNotKnown(ReviewFault):
    """The commit may be by the one who approved it."""

    breaks, outcome, shows = (rules.AUTHOR_KNOWN,), "not proven", "1 commits without an author"

    @staticmethod
    def harm(record: Record) -> None:
        record["commits"][1]["author"] = None


class TheForgeCutItsListOff(ReviewFault):
    """It lists 250 commits at most, and the release has more."""

    check, breaks, outcome = COMMITS, (rules.COMMITS_COMPLETE,), "not proven"
    shows = "it has 3 of 300 commits"

    @staticmethod
    def harm(record: Record) -> None:
        record["total_commits"] = 300


class ACommitIsMissing(ReviewFault):
    """The list was filtered: no way leads from the newest commit to the release before."""

    check, breaks, outcome = COMMITS, (rules.COMMITS_COMPLETE,), "not proven"
    shows = "1 commits are not reached"

    @staticmethod
    def harm(record: Record) -> None:
        del record["commits"][1]
        record["total_commits"] = 2


class TheReviewIsOfAnotherCommit(ReviewFault):
    """The last change came after the list was written."""

    check, breaks, shows = (
        COMMITS,
        (rules.SAME_COMMITS,),
        f"review.json, commit | {MERGE} | {SECOND} |",
    )

    @staticmethod
    def harm(record: Record) -> None:
        record["commit"] = SECOND


class TheListIsOld(ReviewFault):
    """The approval was taken back since."""

    check, breaks, shows = COMMITS, (rules.RECORD_RECENT,), "| at most 168 h ago | 200.0 h ago |"

    @staticmethod
    def harm(record: Record) -> None:
        record["collected"] = (datetime.now(UTC) - timedelta(hours=200)).isoformat()


class TheListHasAnotherShape(ReviewFault):
    """A step of the pipeline failed in the middle of it."""

    check, breaks, shows = COMMITS, (rules.RECORD_VALID,), "a value as in code_review.schema.json"

    @staticmethod
    def harm(record: Record) -> None:
        del record["pull_requests"]


class NoListWasWritten(ReviewFault):
    """The pipeline has no such step."""

    check, breaks, outcome = COMMITS, (rules.RECORD_READABLE,), "not proven"
    shows = "FileNotFoundError"

    @classmethod
    def asked(cls, folder: Path) -> CodeReviewAssessments:
        return make_review(folder, None)
