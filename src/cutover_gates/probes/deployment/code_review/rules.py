"""Rules for the review of a release's code."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

REVIEW_DECLARED = Rule(
    "REVIEW-001",
    "The file of the pull requests and both commits are declared",
    "What is not declared is not checked.",
    "Set the key in [targets.NAME.infrastructure]. Where no such file is written, remove the table"
    " code_review: then a person attests the item of the plan.",
)
RECORD_READABLE = Rule(
    "REVIEW-002",
    "The file of the pull requests can be read",
    "Without it nobody knows who approved what.",
    "Let the pipeline write the file at code_review.file (docs/code-review.md).",
)
RECORD_VALID = Rule(
    "REVIEW-003",
    "The file follows code_review.schema.json",
    "A file that was cut off or has another shape proves nothing.",
    "Correct the step of the pipeline that writes the file (docs/code-review.md).",
)
SAME_COMMITS = Rule(
    "REVIEW-004",
    "The file is about the commits between the release before and this one",
    "The approvals of other commits say nothing about these.",
    "Write the file for pipeline.commit and code_review.previous_commit, or correct these keys.",
)
RECORD_RECENT = Rule(
    "REVIEW-005",
    "The file is not older than code_review.max_age_hours",
    "An approval may have been taken back since.",
    "Write the file again. A time in the future means a wrong clock or time zone.",
)
COMMITS_COMPLETE = Rule(
    "REVIEW-006",
    "The file has every commit between the release before and this one",
    "A commit that is missing may have been approved by nobody.",
    "List them with git rev-list: a forge cuts its own list off. The release before must be an"
    " ancestor of this one.",
)
THROUGH_PULL_REQUEST = Rule(
    "REVIEW-007",
    "Every commit came through a merged pull request",
    "What was pushed past the review was seen by its author alone.",
    "Open a pull request with the commit, or revert it; protect the branch against pushes.",
)
APPROVED_BY_OTHERS = Rule(
    "REVIEW-008",
    "Every pull request is approved, as it was merged, by somebody other than its author",
    "Nobody else has read the code that will run.",
    "Let somebody who wrote nothing of it approve its last commit. An approval that was dismissed,"
    " or is by a bot or for an earlier commit, does not count.",
)
AUTHOR_KNOWN = Rule(
    "REVIEW-009",
    "The author of every commit is known",
    "Whether somebody else approved it cannot be told.",
    "Let the author add the commit's e-mail address to their account, or write the author's account"
    " into the file.",
)
