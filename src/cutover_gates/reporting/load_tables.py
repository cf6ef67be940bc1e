"""Tables of a load run for the page: each operation with its figures, its limit and the result.

Like the charts they are read from the facts of an observation, which may hold anything. Facts that
cannot be read give no table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover_gates.core.printable import strip_control_characters

STATISTICS = ("p50", "p95", "p99")
TIMES_CAPTION = (
    "Response times in ms, each with its interval in brackets (?: too few requests for a bound)"
)
TIMES_COLUMNS = ("Operation", "Requests", "Errors", *STATISTICS, "Objective", "Certain?")
ERRORS_COLUMNS = (
    "Operation",
    "Failed",
    "Requests",
    "Share",
    "For certain at most",
    "Limit",
    "Certain?",
)
RATIOS_CAPTION = "Response times as multiples of the baseline's, each with its interval in brackets"
RATIOS_COLUMNS = ("Operation", "Percentile", "Times the baseline", "Limit", "Certain?")
RATIO_STATISTICS = {"ratio": "p50", "p95 ratio": "p95", "p99 ratio": "p99"}
"""The percentile of each statistic that is a ratio."""

Claim = Mapping[str, Any]


@dataclass(frozen=True)
class EvidenceTable:
    """Rows of cells as text, the first of which names its row.

    `facts` names the facts that the table shows in full.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    facts: frozenset[str]


def build_tables(facts: Mapping[str, Any]) -> list[EvidenceTable]:
    """Return the tables of an observation."""
    tables = []
    for build in (_times_table, _errors_table, _ratios_table):
        # A malformed fact is shown as text, and must not cost the page.
        try:
            table = build(facts)
        except Exception:
            continue
        if table.rows:
            tables.append(table)
    return tables


def _times_table(facts: Mapping[str, Any]) -> EvidenceTable:
    rows = tuple(_times_row(facts, operation) for operation in facts.get("operations") or ())
    return EvidenceTable(TIMES_CAPTION, TIMES_COLUMNS, rows, frozenset({"claims"}))


def _times_row(facts: Mapping[str, Any], operation: Mapping[str, Any]) -> tuple[str, ...]:
    claims = [
        claim
        for claim in facts.get("claims") or ()
        if claim["operation"] == operation["name"] and claim["statistic"] in STATISTICS
    ]
    return (
        _format_name(operation["name"]),
        _format_count(operation["requests"]),
        _format_count(operation["errors"]),
        *(_format_interval(operation.get(statistic), _format_ms) for statistic in STATISTICS),
        _format_objective(operation.get("objective") or {}),
        _format_certainty(claims),
    )


def _errors_table(facts: Mapping[str, Any]) -> EvidenceTable:
    rows = tuple(
        (
            _format_name(claim["operation"]),
            _format_count(claim["bad"]),
            _format_count(claim["of"]),
            _format_percent(claim["bad"] / claim["of"]) if claim["of"] else "-",
            _format_percent(claim["at_most"]),
            _format_name(claim["limit"]),
            _format_certainty([claim]),
        )
        for claim in _claims_about(facts, "errors")
    )
    return EvidenceTable("Requests that failed", ERRORS_COLUMNS, rows, frozenset({"claims"}))


def _ratios_table(facts: Mapping[str, Any]) -> EvidenceTable:
    ratios = {**(facts.get("ratios") or {}), **(facts.get("tail_ratios") or {})}
    rows = []
    for claim in facts.get("claims") or ():
        if percentile := RATIO_STATISTICS.get(claim["statistic"]):
            name = claim["operation"]
            key = name if percentile == "p50" else f"{name} {percentile}"
            rows.append(
                (
                    _format_name(name),
                    percentile,
                    _format_interval(ratios.get(key), lambda ratio: f"{ratio:.2f}"),
                    _format_name(claim["limit"]),
                    _format_certainty([claim]),
                )
            )
    shown = frozenset({"claims", "ratios", "tail_ratios"})
    return EvidenceTable(RATIOS_CAPTION, RATIOS_COLUMNS, tuple(rows), shown)


def _claims_about(facts: Mapping[str, Any], statistic: str) -> list[Claim]:
    return [claim for claim in facts.get("claims") or () if claim["statistic"] == statistic]


def _format_certainty(claims: Sequence[Claim]) -> str:
    """Return 'yes', or which claim is not certain: a missed one before an open one."""
    if not claims:
        return "not judged"
    missed = [claim for claim in claims if claim["state"] == "broken"]
    if missed:
        return f"MISSED{_name_statistics(missed, claims)}"
    undecided = [claim for claim in claims if claim["state"] == "open"]
    if not undecided:
        return "yes"
    # An objective that is not needed can only be refuted, and it was not.
    if not any(claim["needed"] for claim in undecided):
        return "no excess seen"
    missing = max(_format_integer(claim["missing"]) for claim in undecided)
    reason = f"about {missing:,} more requests needed" if missing else "too near to the limit"
    return f"no{_name_statistics(undecided, claims)}, {reason}"


def _name_statistics(named: Sequence[Claim], claims: Sequence[Claim]) -> str:
    """Return ': p95, p99', or nothing where there is only one claim to name."""
    if len(claims) == 1:
        return ""
    return f": {', '.join(_format_name(claim['statistic']) for claim in named)}"


def _format_objective(objective: Mapping[str, Any]) -> str:
    stated = [statistic for statistic in STATISTICS if objective.get(statistic)]
    limits = [
        f"{statistic} {round(1000 * float(objective[statistic]), 1):,.10g}" for statistic in stated
    ]
    return ", ".join(limits) or "none"


def _format_interval(interval: Any, shown: Callable[[float], str]) -> str:
    """Return '18.5 (17.0–23.3)'; '-' where nothing was measured."""
    if not interval:
        return "-"
    middle, low, high = ("?" if value is None else shown(float(value)) for value in interval)
    return f"{middle} ({low}–{high})"


def _format_ms(seconds: float) -> str:
    ms = 1000 * float(seconds)
    return f"{ms:.1f}" if ms < 100 else f"{ms:,.0f}"


def _format_percent(share: float) -> str:
    return f"{100 * float(share):.3g} %"


def _format_count(value: Any) -> str:
    return f"{_format_integer(value):,}"


def _format_integer(value: Any) -> int:
    return int(value or 0)


def _format_name(value: Any) -> str:
    return strip_control_characters(str(value))
