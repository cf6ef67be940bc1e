"""The gate of the release before: a child process judges it, and its verdict is read."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.plugin.previous_settings import GATE, TARGET
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.util.subprocesses import ChildTimeout, CompletedChild, run_child

_MAIN = "from cutover_gates.cli.main import main; main()"
_OTHERS = ("CUTOVER_", "PYTEST_", "GITHUB_", "COV_")
"""Variables of the gate that asks: another target, other options, another report."""
_FINE = ("passed", "waived", "not applicable", "attested")
_TAIL_LINES = 4


@dataclass(frozen=True)
class PreviousGate:
    """The gate: `folder` is for its settings and reports, `root` the folder of the suites."""

    folder: Path
    root: Path
    plan: Path
    environment: Mapping[str, str]
    seconds: float

    def judge(self, table: Mapping[str, Any], builder: AssessmentBuilder) -> None:
        """Run the functional checks, and add what their verdict says."""
        config = self._write_settings(table)
        try:
            child = self._run(config)
        except (ChildTimeout, OSError) as error:
            builder.add_gap(rules.OLD_RELEASE_PROVEN, "the functional checks", str(error))
            return
        self._remove_links()
        verdict = self._read_verdict()
        if verdict is None:
            reason = f"no verdict: {_tail(child)}"
            builder.add_gap(rules.OLD_RELEASE_PROVEN, "the functional checks", reason)
            return
        builder.figures["verdict"] = {"word": verdict["verdict"], "status": child.status}
        self._add_verdict(verdict, child, builder)

    def _write_settings(self, table: Mapping[str, Any]) -> Path:
        # No decision of people: what is waived for the new release is not waived for this one.
        document = {
            "target": TARGET,
            "plan": str(self.plan),
            "waivers": "no-waivers.toml",
            "signoffs": "no-signoffs.toml",
            "reports": "runs",
            "targets": {TARGET: dict(table)},
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "cutover.toml"
        config.write_text(tomlkit.dumps(_without_none(document)), encoding="utf-8")
        return config

    def _run(self, config: Path) -> CompletedChild:
        ours = {name: text for name, text in os.environ.items() if not name.startswith(_OTHERS)}
        words = ("gate", GATE, "--target", TARGET, "--config", str(config))
        return run_child(
            [
                sys.executable,
                "-c",
                _MAIN,
                *words,
                "-p",
                "no:cacheprovider",
                "-p",
                "no:allure_pytest",
            ],
            self.seconds,
            cwd=self.root,
            env={**ours, **self.environment},
        )

    def _remove_links(self) -> None:
        """Remove `latest`: the evidence of the gate that asks must hold files only."""
        for path in (self.folder / "runs").glob("*"):
            if path.is_symlink():
                path.unlink()

    def _read_verdict(self) -> dict[str, Any] | None:
        for path in sorted(self.folder.glob("runs/2*/verdict.json"), reverse=True):
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return found
        return None

    def _add_verdict(
        self, verdict: Mapping[str, Any], child: CompletedChild, builder: AssessmentBuilder
    ) -> None:
        for item in verdict["items"]:
            if item["outcome"] in _FINE:
                builder.checked.append(item["id"])
            # What a check needs, such as an open visit, may be what the release cannot make now.
            elif item["outcome"] in ("failed", "error"):
                _add_failed_item(item, builder)
            else:
                builder.add_gap(rules.OLD_RELEASE_PROVEN, item["id"], _first_line(item["why"]))
        for hold in verdict["holds"]:
            builder.add_gap(rules.OLD_RELEASE_PROVEN, "its gate", _first_line(str(hold)))
        is_clean = not builder.findings and not builder.not_proven
        if is_clean and (verdict["verdict"], child.status) != ("GO", 0):
            reason = f"{verdict['verdict']}, exit status {child.status}: {_tail(child)}"
            builder.add_gap(rules.OLD_RELEASE_PROVEN, "its gate", reason)


def _add_failed_item(item: Mapping[str, Any], builder: AssessmentBuilder) -> None:
    """Add a finding for each check that failed; an item without one has failed with its parts."""
    for name, why in _list_failed_checks(item):
        builder.add_finding(
            rules.OLD_RELEASE_WORKS, name, expected="it passes on the new schema", actual=why
        )


def _list_failed_checks(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for check in item["checks"]:
        if check["outcome"] not in _FINE:
            yield check["check"], _first_line(check["why"])


def _first_line(text: str) -> str:
    """Return the first lines that say something, as one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[:2])[:500]


def _tail(child: CompletedChild) -> str:
    lines = (child.output + child.stderr.decode("utf-8", "replace")).strip().splitlines()
    told = " | ".join(line.strip() for line in lines[-_TAIL_LINES:])
    return told[-800:] or f"exit status {child.status}, and it printed nothing"


def _without_none(value: Any) -> Any:
    """Return the value without keys of None, which TOML does not have."""
    if isinstance(value, Mapping):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    return value
