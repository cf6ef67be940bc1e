"""Whether staging had this migration, with these very scripts, and was whole after it: read from
the verdict that its own Phase 1 ended in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.migration_scripts import load_scripts

GATE = "phase1"
ACCEPTED_SCHEMAS = ("urn:cutover:verdict:1", "urn:cutover:verdict:2")
"""The second added fields only; a staging verdict of an older suite stays readable."""
SHA256 = re.compile(r"[0-9a-f]{64}")

REQUIRED_KEYS = ("verdict", "release", "started", "finished", "items", "subject")

VerdictData = Mapping[str, Any]


class StagingAssessments:
    """Raises `NotProven` where staging has no verdict to read."""

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context
        self.target = context.migrations.staging or "staging"

    def assess_verdict(self) -> Assessment:
        """Whether the newest Phase 1 of staging judged this release, ended in GO, and saw these
        very scripts applied.
        """
        path, verdict = self._load_newest_verdict()
        return self.context.record_assessment(
            Assessment(
                f"The migration on {self.target}",
                (path.parent.name,),
                findings=(
                    *self._find_verdict_breaches(verdict),
                    *self._find_script_differences(verdict),
                ),
                not_proven=tuple(self._find_evidence_gaps(verdict)),
                figures={
                    "run": path.parent.name,
                    "verdict": verdict["verdict"],
                    "release": verdict["release"],
                    "finished": verdict["finished"],
                    "suite": verdict["subject"].get("suite_commit"),
                    "waived": _list_waivers(verdict),
                    "scripts": _read_script_digests(verdict, self.context.script_history_items),
                },
            )
        )

    def _load_newest_verdict(self) -> tuple[Path, VerdictData]:
        """The verdict that began last.

        One that cannot be read may be that one, so nothing is proven beside it.
        """
        found = [
            (path, verdict)
            for path in self.context.reports.glob("*/verdict.json")
            if (verdict := _load_verdict(path, self.target))
        ]
        if not found:
            raise NotProven(
                f"no verdict of {GATE} on {self.target} lies in the reports folder: run `pytest -m"
                f" {GATE} --target {self.target}`, or copy its run there"
            )
        return max(found, key=lambda run: str(run[1]["started"]))

    def _find_verdict_breaches(self, verdict: VerdictData) -> Iterator[str]:
        if verdict["verdict"] not in ("GO", "GO WITH WAIVERS"):
            yield (
                f"{GATE} on {self.target} ended in {verdict['verdict']} at {verdict['finished']}:"
                " the migration has not gone well there."
            )
        if verdict["release"] != self.context.release:
            yield (
                f"{GATE} on {self.target} judged release {verdict['release'] or '(none)'}, and"
                f" {self.context.release} is to be cut over: migrate staging with this one."
            )

    def _find_script_differences(self, verdict: VerdictData) -> Iterator[str]:
        seen = _read_script_digests(verdict, self.context.script_history_items)
        if not seen:
            return
        scripts = load_scripts(self.context).scripts
        here = {script.file_name: script.sha256 for script in scripts}
        run = {
            script.file_name for script in scripts if script.kind in "VR"
        }  # baselines and ways back need not have been run there
        for name in sorted(here.keys() & seen.keys()):
            if here[name] != seen[name]:
                yield (
                    f"{name} is not the script that {self.target} was migrated with: its SHA-256"
                    f" there began with {seen[name][:12]}, here with {here[name][:12]}."
                )
        yield from (
            f"{name} is among the release's scripts, and {self.target} was migrated without it."
            for name in sorted(run - seen.keys())
        )
        more = sorted(seen.keys() - here.keys())
        yield from (
            f"{self.target} was migrated with {name}, which is not among the release's scripts."
            for name in more
        )

    def _find_evidence_gaps(self, verdict: VerdictData) -> Iterator[str]:
        if not _read_script_digests(verdict, self.context.script_history_items):
            yield (
                f"the verdict of {self.target} does not say which scripts were applied (no SHA-256"
                f" in the evidence of {', '.join(sorted(self.context.script_history_items))}): run {GATE} there again."
            )


def _load_verdict(path: Path, target: str) -> VerdictData | None:
    """A verdict, when it is one of this gate on this target.

    Raises `NotProven` for one that cannot be read and may be.
    """
    try:
        verdict = json.loads(path.read_text(encoding="utf-8"))
        if (verdict["gate"], verdict["target"]) != (GATE, target):
            return None
        if verdict["schema"] not in ACCEPTED_SCHEMAS:
            return None
        return {name: verdict[name] for name in REQUIRED_KEYS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        if not path.parent.name.endswith(f"-{GATE}"):
            return None
        raise NotProven(
            f"{path.parent.name}/verdict.json cannot be read ({type(error).__name__}), and it may"
            f" be {target}'s newest: bring it again, or take it away"
        ) from None


def _read_script_digests(verdict: VerdictData, items: frozenset[str]) -> dict[str, str]:
    """Return file name to SHA-256, from the evidence of the items that record the history."""
    evidence = [
        entry
        for item in verdict["items"]
        if item["id"] in items
        for check in item["checks"]
        for entry in check["evidence"]
    ]
    return {
        name: digest
        for name, digest in _find_mappings(evidence, "scripts")
        if isinstance(digest, str) and SHA256.fullmatch(digest)
    }


def _find_mappings(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """What stands in each mapping of this name, wherever that is."""
    if isinstance(value, Mapping):
        if isinstance(value.get(key), Mapping):
            yield from value[key].items()
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _find_mappings(inner, key)


def _list_waivers(verdict: VerdictData) -> dict[str, str]:
    """What was let through there, and why."""
    return {
        item["id"]: item["decision"]["reason"] if item["decision"] else item["why"]
        for item in verdict["items"]
        if item["outcome"] == "waived"
    }
