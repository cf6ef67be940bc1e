"""Verdicts of Phase 1 on staging, as they lie in the folder of reports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover_gates.core.findings import Rule, gap_error
from cutover_gates.probes.database.context import DatabaseContext

GATE = "phase1"
# The second added fields only; a staging verdict of an older suite stays readable.
ACCEPTED_SCHEMAS = tuple(f"urn:cutover:verdict:{version}" for version in (1, 2, 3))
ACCEPTED_VERDICTS = ("GO", "GO WITH WAIVERS")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class StagingVerdict:
    """The parts of a verdict that are compared.

    `scripts` maps file names to SHA-256, `history` migrations to the lines of staging's history.
    """

    run: str
    verdict: str
    release: str
    started: str
    finished: str
    suite: str | None
    waived: Mapping[str, str]
    scripts: Mapping[str, str]
    history: Mapping[str, Mapping[str, Any]]


def load_newest_verdict(context: DatabaseContext, target: str, rule: Rule) -> StagingVerdict:
    """Return the verdict of Phase 1 on `target` that began last.

    One that cannot be read may be that one, so nothing is proven beside it. Raises `NotProven` (of
    `rule`) then, and where there is none.
    """
    items = context.script_history_items
    paths = context.reports.glob("*/verdict.json")
    loaded = [_load_verdict(path, target, items, rule) for path in paths]
    verdicts = [verdict for verdict in loaded if verdict]
    if not verdicts:
        reason = f"no verdict of {GATE} in the reports folder"
        command = f"pytest -m {GATE} --target {target}"
        raise gap_error(rule, target, reason, reproduce=command)
    return max(verdicts, key=lambda verdict: verdict.started)


def _load_verdict(
    path: Path, target: str, items: frozenset[str], rule: Rule
) -> StagingVerdict | None:
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
        raise gap_error(rule, name, reason) from None


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
        {
            name: line
            for name, line in _find_mappings(_list_evidence(verdict, items), "history")
            if isinstance(line, Mapping)
        },
    )


def _read_script_digests(verdict: Mapping[str, Any], items: frozenset[str]) -> dict[str, str]:
    """Return file name to SHA-256, from the evidence of the items that record the history."""
    return {
        name: digest
        for name, digest in _find_mappings(_list_evidence(verdict, items), "scripts")
        if isinstance(digest, str) and SHA256.fullmatch(digest)
    }


def _list_evidence(verdict: Mapping[str, Any], items: frozenset[str]) -> list[Any]:
    evidence: list[Any] = []
    for item in verdict["items"]:
        if item["id"] in items:
            evidence += [check["evidence"] for check in item["checks"]]
    return evidence


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
