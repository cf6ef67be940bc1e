"""`promtool test rules` on rules that Prometheus has loaded: when does an alert fire on a series?

The rules are written anew from what Prometheus answers, so what is tried is what is in force.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover_gates.core.findings import NotProven
from cutover_gates.probes.observability.alerts.recorded_trouble import RecordedTrouble
from cutover_gates.probes.observability.alerts.sampled_series import format_samples
from cutover_gates.util.subprocesses import ChildTimeout, run_child

PROMTOOL = "promtool"
SECONDS = 60.0
"""Seconds for one call; the series of the reference take about two."""
_RESULT = re.compile(r"got:\s*(nil|\{.*?\} (?P<value>\S+))")


@dataclass(frozen=True)
class AlertTrial:
    """When an alert fired on a series, in seconds from its beginning; None: it did not."""

    trouble: RecordedTrouble
    fired_at: float | None


@dataclass(frozen=True)
class RuleSet:
    """The rule groups as Prometheus answers them (`/api/v1/rules`), as far as `alert` needs them.

    `scrape` and `evaluation` are the seconds between two samples and two evaluations.
    """

    groups: Sequence[Mapping[str, Any]]
    alert: str
    scrape: float
    evaluation: float

    def write(self, path: Path) -> None:
        """Write the rules of this alert, and the recording rules that they read, as a file."""
        needed = self._find_needed()
        groups = [{"name": f"g{n}", "rules": _keep(g, needed)} for n, g in enumerate(self.groups)]
        kept = [group for group in groups if group["rules"]]
        # JSON is YAML.
        path.write_text(json.dumps({"groups": kept}), encoding="utf-8")

    def _find_needed(self) -> list[Mapping[str, Any]]:
        """Return the rules of the alert and, again and again, those whose results they read."""
        rules = [rule for group in self.groups for rule in group.get("rules", ())]
        needed = [r for r in rules if r.get("type") == "alerting" and r.get("name") == self.alert]
        recording = [rule for rule in rules if rule.get("type") == "recording"]
        for rule in needed:  # it grows meanwhile
            # A name within another name is one rule too many, and harms nothing.
            needed += [r for r in recording if r not in needed and r["name"] in rule["query"]]
        return needed


def try_alert(rules: RuleSet, troubles: Sequence[RecordedTrouble]) -> list[AlertTrial]:
    """Return when an alert fired on each series.

    Raises `NotProven` where promtool is not installed, refuses the rules or does not end.
    """
    program = shutil.which(PROMTOOL)
    if program is None:
        raise NotProven("promtool is not on this machine: on Debian, `apt-get install prometheus`")
    with tempfile.TemporaryDirectory(prefix="cutover-rules-") as name:
        folder = Path(name)
        rules.write(folder / "rules.yml")
        _run(program, folder, "check", "rules", "rules.yml")
        test = json.dumps(_format_tests(rules, troubles))
        (folder / "test.yml").write_text(test, encoding="utf-8")
        return _read_trials(
            _run(program, folder, "test", "rules", "test.yml", fails=True), troubles
        )


def _read_trials(output: str, troubles: Sequence[RecordedTrouble]) -> list[AlertTrial]:
    """Return the moments of the first firings: promtool prints each, since -1 is expected."""
    values = [found["value"] for found in _RESULT.finditer(output)]
    if len(values) != len(troubles):
        told = " ".join(output.split())[:300]
        raise NotProven(f"promtool gave {len(values)} results for {len(troubles)} series: {told}")
    moments = [None if value is None else float(value) for value in values]
    return [AlertTrial(*pair) for pair in zip(troubles, moments, strict=True)]


def _run(program: str, folder: Path, *words: str, fails: bool = False) -> str:
    try:
        done = run_child([program, *words], SECONDS, cwd=folder)
    except (ChildTimeout, OSError) as error:
        raise NotProven(f"promtool cannot be asked: {error}") from None
    text = done.output + done.stderr.decode("utf-8", "replace")
    if done.status and not fails:
        raise NotProven(f"promtool refuses the loaded rules: {' '.join(text.split())[:300]}")
    return text


def _format_tests(rules: RuleSet, troubles: Sequence[RecordedTrouble]) -> dict[str, Any]:
    return {
        "rule_files": ["rules.yml"],
        "evaluation_interval": _format_duration(rules.evaluation),
        "tests": [_format_test(rules, each) for each in troubles],
    }


def _format_test(rules: RuleSet, trouble: RecordedTrouble) -> dict[str, Any]:
    firing = f'ALERTS{{alertname={json.dumps(rules.alert)},alertstate="firing"}}'
    length, step = _format_duration(trouble.seconds), _format_duration(rules.evaluation)
    expression = f"min(min_over_time(timestamp({firing})[{length}:{step}]))"
    samples = [
        {"series": name, "values": format_samples(values)}
        for name, values in trouble.samples.items()
    ]
    question = {
        "expr": expression,
        "eval_time": length,
        "exp_samples": [{"labels": "{}", "value": -1}],
    }
    return {
        "interval": _format_duration(rules.scrape),
        "input_series": samples,
        "promql_expr_test": [question],
    }


def _format_duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _keep(group: Mapping[str, Any], needed: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the needed rules of a group, in its order."""
    rules = [rule for rule in group.get("rules", ()) if rule in needed]
    return [
        _format_recording(rule) if rule["type"] == "recording" else _format_alert(rule)
        for rule in rules
    ]


def _format_recording(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"record": rule["name"], "expr": rule["query"], "labels": rule.get("labels") or {}}


def _format_alert(rule: Mapping[str, Any]) -> dict[str, Any]:
    table = {"alert": rule["name"], "expr": rule["query"], "labels": rule.get("labels") or {}}
    for key, written in (("duration", "for"), ("keepFiringFor", "keep_firing_for")):
        if rule.get(key):
            table[written] = _format_duration(float(rule[key]))
    return table
