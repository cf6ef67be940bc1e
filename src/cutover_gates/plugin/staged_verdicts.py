"""The verdicts of the target that stands for staging, as they lie in the folder of the reports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cutover_gates.config.settings import Settings
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.plan_proofs import list_open_proofs, resolve_proofs
from cutover_gates.core.verdict import Outcome, VerdictWord

ACCEPTED_WORDS = (VerdictWord.GO.value, VerdictWord.GO_WITH_WAIVERS.value)
PROVEN = (Outcome.PASSED.value, Outcome.ATTESTED.value)
SCHEMAS = ("urn:cutover:verdict:1", "urn:cutover:verdict:2", "urn:cutover:verdict:3")
NOT_JUDGED = "NOT JUDGED"
"""The word of a record that is no verdict: its call was wrong, and nothing was run."""
DEFAULT_STAGING = "staging"
"""The target that stands for staging where the settings name none."""


@dataclass(frozen=True)
class StagedVerdict:
    """The parts of a verdict of staging that are compared.

    `items` maps item ids to outcomes, `question` the parts of what was asked to their SHA-256.
    """

    run: str
    kind: str
    gate: str
    word: str
    started: datetime
    finished: datetime
    suite: str
    items: Mapping[str, str]
    question: Mapping[str, str]

    def is_within(self, hours: float) -> bool:
        """Return whether it ended within the last hours, and not in the future."""
        return timedelta(0) <= datetime.now(UTC) - self.finished <= timedelta(hours=hours)

    @property
    def is_accepted(self) -> bool:
        """Return whether its word is one that proves items."""
        return self.word in ACCEPTED_WORDS

    def find_open(self, names: Iterable[str]) -> list[str]:
        """Return a clause for each of these items that it judges and does not prove."""
        return [
            f"{name} is {self.items[name]}"
            for name in names
            if self.items.get(name, PROVEN[0]) not in PROVEN
        ]

    def as_evidence(self, target: str) -> dict[str, Any]:
        """Return it as an entry of the evidence."""
        facts = {
            "target": target,
            "run": self.run,
            "gate": self.gate,
            "verdict": self.word,
            "finished": self.finished.isoformat(),
            "suite": self.suite,
            "items": dict(self.items),
        }
        return {"kind": "observation", "title": f"verdict of {target}", "facts": facts}


def list_judged_elsewhere(settings: Settings, plan: Plan) -> frozenset[str]:
    """Return the items that a verdict proves where there is one, and for which there is one.

    A signature must not stand where a verdict says NO-GO, or cannot be read. A GO that is too old
    neither proves the item nor speaks against a person who attests a later rehearsal.
    """
    staging, release = name_staging(settings), settings.release or settings.chosen_target.release
    reports = settings.resolve_path(settings.reports)
    hours = settings.chosen_target.migrations.staging_verdict_hours
    found = set[str]()
    for item in list_open_proofs(plan):
        there = resolve_proofs(plan, {item.id}).item(item.id)
        verdicts, unreadable = find_verdicts(reports, staging, release or "", there)
        gates = {gate for one in there.rests_on for gate in plan.item(one).gates}
        counts = bool(verdicts) and not (
            verdicts[-1].is_accepted and not verdicts[-1].is_within(hours)
        )
        if counts or any(f"-{gate}-" in unreadable for gate in gates):
            found.add(item.id)
    return frozenset(found)


def name_staging(settings: Settings) -> str:
    """Return the target that stands for staging."""
    return settings.chosen_target.migrations.staging or DEFAULT_STAGING


def find_verdicts(
    reports: Path, staging: str, release: str, item: Item
) -> tuple[list[StagedVerdict], str]:
    """Return the verdicts that judge any item that this one rests on, by when they began.

    The second is the last run whose verdict cannot be read; empty where there is none. The name of
    a run begins with its time.
    """
    found: list[StagedVerdict] = []
    unreadable = ""
    for path in sorted(reports.glob(f"*-{staging}-*/verdict.json")):
        try:
            verdict = _load(path, staging, release)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            unreadable = path.parent.name
            continue
        if verdict is not None and verdict.items.keys() & set(item.rests_on):
            found.append(verdict)
    return sorted(found, key=lambda each: each.started), unreadable


def _load(path: Path, staging: str, release: str) -> StagedVerdict | None:
    """Return a verdict on this target and release; None for others, and where nothing was judged.

    Raises the errors of reading a broken file.
    """
    verdict = json.loads(path.read_text(encoding="utf-8"))
    if verdict["verdict"] == NOT_JUDGED or verdict["schema"] not in SCHEMAS:
        return None
    if (verdict["target"], verdict["release"]) != (staging, release):
        return None
    return _parse(path.parent.name, verdict)


def _parse(run: str, verdict: Mapping[str, Any]) -> StagedVerdict:
    subject = verdict["subject"]
    return StagedVerdict(
        run,
        str(subject["kind"]),
        str(verdict["gate"]),
        str(verdict["verdict"]),
        datetime.fromisoformat(verdict["started"]),
        datetime.fromisoformat(verdict["finished"]),
        f"{subject['suite_version']} ({subject['suite_commit']})",
        {str(item["id"]): str(item["outcome"]) for item in verdict["items"]},
        # Verdicts of before schema 3 do not say what was asked.
        dict((verdict.get("judged_by") or {}).get("digest_parts", {})),
    )
