"""The verdict of staging's own Phase 1, which must be GO, on this release and these scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.migration_scripts import load_scripts
from cutover_gates.probes.database.rehearsal import rules

GATE = "phase1"
# The second added fields only; a staging verdict of an older suite stays readable.
ACCEPTED_SCHEMAS = tuple(f"urn:cutover:verdict:{version}" for version in (1, 2, 3))
ACCEPTED_VERDICTS = ("GO", "GO WITH WAIVERS")
SHA256 = re.compile(r"[0-9a-f]{64}")
# Characters of a SHA-256 that a finding shows.
_SHOWN_CHARACTERS = 12


@dataclass(frozen=True)
class StagingVerdict:
    """The parts of a verdict that are compared; `scripts` maps file names to SHA-256."""

    run: str
    verdict: str
    release: str
    started: str
    finished: str
    suite: str | None
    waived: Mapping[str, str]
    scripts: Mapping[str, str]


class StagingAssessments:
    """Staging's newest verdict of Phase 1. Raise `NotProven` where there is none to read."""

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context
        self.target = context.migrations.staging or "staging"

    def assess_verdict(self) -> Assessment:
        """Check that staging's newest Phase 1 judged this release and these scripts, with GO."""
        verdict = self._load_newest_verdict()
        builder = AssessmentBuilder(
            checked=[verdict.run],
            figures={
                "run": verdict.run,
                "verdict": verdict.verdict,
                "release": verdict.release,
                "finished": verdict.finished,
                "suite": verdict.suite,
                "waived": dict(verdict.waived),
                "scripts": dict(verdict.scripts),
            },
        )
        self._compare_verdict(verdict, builder)
        if verdict.scripts:
            self._compare_scripts(verdict, builder)
        else:
            items = ", ".join(sorted(self.context.script_history_items))
            reason = f"no SHA-256 of a script is in the evidence of {items}"
            builder.add_gap(rules.STAGING_EVIDENCE, verdict.run, reason)
        return self.context.record_assessment(builder.build(f"The migration on {self.target}"))

    def _load_newest_verdict(self) -> StagingVerdict:
        """Return the verdict that began last.

        One that cannot be read may be that one, so nothing is proven beside it.
        """
        items = self.context.script_history_items
        paths = self.context.reports.glob("*/verdict.json")
        loaded = [_load_verdict(path, self.target, items) for path in paths]
        verdicts = [verdict for verdict in loaded if verdict]
        if not verdicts:
            reason = f"no verdict of {GATE} in the reports folder"
            command = f"pytest -m {GATE} --target {self.target}"
            raise gap_error(rules.STAGING_JUDGED, self.target, reason, reproduce=command)
        return max(verdicts, key=lambda verdict: verdict.started)

    def _compare_verdict(self, verdict: StagingVerdict, builder: AssessmentBuilder) -> None:
        if verdict.verdict not in ACCEPTED_VERDICTS:
            builder.add_finding(
                rules.STAGING_GO,
                f"{GATE} on {self.target}",
                expected="GO",
                actual=f"{verdict.verdict} at {verdict.finished}",
            )
        if verdict.release != self.context.release:
            builder.add_finding(
                rules.STAGING_RELEASE,
                f"{GATE} on {self.target}",
                expected=f"release {self.context.release}",
                actual=f"release {verdict.release or '(none)'}",
            )

    def _compare_scripts(self, verdict: StagingVerdict, builder: AssessmentBuilder) -> None:
        scripts = load_scripts(self.context).scripts
        here, there = {script.file_name: script.sha256 for script in scripts}, verdict.scripts
        for name in sorted(here.keys() & there.keys()):
            if here[name] != there[name]:
                builder.add_finding(
                    rules.STAGING_SCRIPTS,
                    name,
                    expected=f"SHA-256 {here[name][:_SHOWN_CHARACTERS]}…",
                    actual=f"SHA-256 {there[name][:_SHOWN_CHARACTERS]}… on {self.target}",
                )
        # Baselines and undo scripts need not have run there.
        required = {script.file_name for script in scripts if script.kind in "VR"}
        for name in sorted(required - there.keys()):
            builder.add_finding(
                rules.STAGING_SCRIPTS,
                name,
                expected=f"applied on {self.target}",
                actual="not applied there",
            )
        for name in sorted(there.keys() - here.keys()):
            builder.add_finding(
                rules.STAGING_SCRIPTS,
                name,
                expected="a script of the release",
                actual=f"applied on {self.target} only",
            )


def _load_verdict(path: Path, target: str, items: frozenset[str]) -> StagingVerdict | None:
    """Return a verdict, when it is one of this gate on this target.

    Raise `NotProven` for one that cannot be read and may be.
    """
    try:
        verdict = json.loads(path.read_text(encoding="utf-8"))
        if (verdict["gate"], verdict["target"]) != (GATE, target):
            return None
        if verdict["schema"] not in ACCEPTED_SCHEMAS:
            return None
        return _parse_verdict(path.parent.name, verdict, items)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if not path.parent.name.endswith(f"-{GATE}"):
            return None
        name = f"{path.parent.name}/verdict.json"
        reason = f"it cannot be read ({type(error).__name__}), and may be {target}'s newest"
        raise gap_error(rules.STAGING_JUDGED, name, reason) from None


def _parse_verdict(run: str, verdict: Mapping[str, Any], items: frozenset[str]) -> StagingVerdict:
    return StagingVerdict(
        run,
        verdict["verdict"],
        verdict["release"],
        str(verdict["started"]),
        verdict["finished"],
        verdict["subject"].get("suite_commit"),
        _list_waivers(verdict),
        _read_script_digests(verdict, items),
    )


def _read_script_digests(verdict: Mapping[str, Any], items: frozenset[str]) -> dict[str, str]:
    """Return file name to SHA-256, from the evidence of the items that record the history."""
    evidence: list[Any] = []
    for item in verdict["items"]:
        if item["id"] in items:
            evidence += [check["evidence"] for check in item["checks"]]
    return {
        name: digest
        for name, digest in _find_mappings(evidence, "scripts")
        if isinstance(digest, str) and SHA256.fullmatch(digest)
    }


def _find_mappings(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    """Return the entries of each mapping with this name, at any depth."""
    if isinstance(value, Mapping):
        if isinstance(value.get(key), Mapping):
            yield from value[key].items()
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _find_mappings(inner, key)


def _list_waivers(verdict: Mapping[str, Any]) -> dict[str, str]:
    """Return the waived items, each with the reason."""
    return {
        item["id"]: item["decision"]["reason"] if item["decision"] else item["why"]
        for item in verdict["items"]
        if item["outcome"] == "waived"
    }
