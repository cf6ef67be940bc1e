"""SARIF 2.1.0, the format of many scanners (docs.oasis-open.org/sarif/sarif/v2.1.0)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from cutover_gates.probes.deployment.security_scans.scan_report import (
    InvalidReport,
    ScanReport,
    Severity,
    Vulnerability,
    classify,
    cut,
    find_digests,
    list_tables,
    parse_time,
    require_table,
)

VERSION = "2.1.0"
SCORE = "security-severity"
"""The property of a rule or result with a CVSS score; `level` knows nothing above "error"."""
WORDS = ("severity", "cvssV3_severity")
NO_PROBLEM = ("pass", "notApplicable", "informational")
NOTIFICATIONS = ("toolExecutionNotifications", "toolConfigurationNotifications")
Table = Mapping[str, Any]


def is_sarif(document: object) -> bool:
    """Return whether the document is SARIF, of whatever version."""
    return isinstance(document, Mapping) and "runs" in document


def read_sarif(document: Table, name: str) -> list[ScanReport]:
    """Return what each run in the document says. Raises `InvalidReport`."""
    if document.get("version") != VERSION:
        raise InvalidReport(f"SARIF {VERSION}", f"version {cut(document.get('version'))}")
    runs = list_tables(document["runs"], "$.runs")
    if not runs:
        return [ScanReport(name, "", frozenset(), None, (), ("it holds no run of a scanner",))]
    if "inlineExternalProperties" in document:
        raise InvalidReport("all parts of a run in the run", "parts in inlineExternalProperties")
    names = [name if len(runs) == 1 else f"{name}, run {number + 1}" for number in range(len(runs))]
    return [_read_run(run, own) for run, own in zip(runs, names, strict=True)]


def _read_run(run: Table, name: str) -> ScanReport:
    tool = require_table(run.get("tool"), "$.runs[].tool")
    driver = require_table(tool.get("driver"), "$.runs[].tool.driver")
    if not driver.get("name"):
        raise InvalidReport("a name at $.runs[].tool.driver.name", "none")
    extensions = list_tables(tool.get("extensions"), "$.runs[].tool.extensions")
    components = [driver, *extensions]
    rules = [list_tables(one.get("rules"), "$.runs[].tool.….rules") for one in components]
    invocations = list_tables(run.get("invocations"), "$.runs[].invocations")
    results = list_tables(run.get("results"), "$.runs[].results")
    return ScanReport(
        name,
        cut(driver["name"]),
        _find_image(run),
        _find_end(invocations),
        [_make_problem(result, rules) for result in results if _is_problem(result)],
        tuple(_find_doubts(run, invocations, has_rules=any(rules))),
    )


def _find_image(run: Table) -> frozenset[str]:
    """Return the digests by which the run names what it scanned.

    Not any digest in the document: a result may name a layer, or the image below this one.
    """
    properties = require_table(run.get("properties") or {}, "$.runs[].properties")
    digests = properties.get("repoDigests") or ()
    details = require_table(run.get("automationDetails") or {}, "$.runs[].automationDetails")
    listed = digests if isinstance(digests, list) else [digests]
    return find_digests([*listed, properties.get("imageName"), details.get("id")])


def _find_end(invocations: list[Table]) -> datetime | None:
    """Return the end of the earliest invocation: the oldest part decides how old the whole is."""
    times = [parse_time(one.get("endTimeUtc") or one.get("startTimeUtc")) for one in invocations]
    known = [at for at in times if at is not None]
    return min(known) if known and len(known) == len(times) else None


def _find_doubts(run: Table, invocations: list[Table], *, has_rules: bool) -> Iterator[str]:
    if not isinstance(run.get("results"), list):
        yield "the run has no list of results: the scanner did not get that far"
    if "externalPropertyFileReferences" in run:
        yield "parts of the run stand in other files, which are not read"
    if not invocations:
        yield "the run does not say that the scanner ended well (invocations)"
    for one in invocations:
        if one.get("executionSuccessful") is not True:
            yield "the scanner did not end well (executionSuccessful is not true)"
        notices = [each for key in NOTIFICATIONS for each in list_tables(one.get(key), f"$.…{key}")]
        if any(notice.get("level") == "error" for notice in notices):
            yield "the scanner tells of an error of its own (notifications)"
    if not has_rules and not run.get("results") and not run.get("artifacts"):
        yield "no rule, no artifact and no result: nothing shows that anything was scanned"


def _is_problem(result: Table) -> bool:
    # "absent" is a result of an earlier scan that is gone.
    return result.get("kind") not in NO_PROBLEM and result.get("baselineState") != "absent"


def _make_problem(result: Table, rules: list[list[Table]]) -> Vulnerability:
    rule = _find_rule(result, rules)
    hidden = list_tables(result.get("suppressions"), "$.runs[].results[].suppressions")
    reasons = [cut(one.get("justification") or one.get("kind") or "no reason") for one in hidden]
    identity = cut(result.get("ruleId") or rule.get("id")) or "a result without a rule"
    # Results of one rule are told apart by their message: it names package or place.
    message = require_table(result.get("message") or {}, "$.runs[].results[].message")
    place = "" if rule.get("id") is None else cut(message.get("text"))
    return Vulnerability(identity, place, _rate(result, rule), "", ", ".join(reasons))


def _find_rule(result: Table, rules: list[list[Table]]) -> Table:
    """Return the rule of a result, which may stand in an extension of the tool."""
    reference = require_table(result.get("rule") or {}, "$.runs[].results[].rule")
    component = require_table(reference.get("toolComponent") or {}, "$.….toolComponent")
    wanted = result.get("ruleId") or reference.get("id")
    for one in (each for part in rules for each in part):
        # "CA1000/1" is a part of the rule CA1000.
        if wanted and (wanted == one.get("id") or str(wanted).startswith(f"{one.get('id')}/")):
            return one
    index = result.get("ruleIndex", reference.get("index", -1))
    place = component.get("index", -1) + 1
    is_listed = isinstance(index, int) and 0 <= place < len(rules) and index >= 0
    return rules[place][index] if is_listed and index < len(rules[place]) else {}


def _rate(result: Table, rule: Table) -> Severity:
    tables = [one.get("properties") for one in (result, rule)]
    properties = [one for one in tables if isinstance(one, Mapping)]
    if any(str(one.get(word)).casefold() == "critical" for one in properties for word in WORDS):
        return Severity.CRITICAL
    rated = classify("", [one.get(SCORE) for one in properties])
    if rated is not Severity.UNKNOWN:
        return rated
    defaults = rule.get("defaultConfiguration")
    usual = defaults.get("level") if isinstance(defaults, Mapping) else None
    # Without a score, "error" may be anything from annoying to critical; and the score of a rule
    # that is missing is missing, too.
    is_error = (result.get("level") or usual or "warning") == "error"
    return Severity.UNKNOWN if is_error or not rule else Severity.LOWER
