"""What a load run is sure of, as tables for the page: each operation with its figures, its limit,
and whether that is certain.

Like the figures they are read from the facts of an observation, which may hold anything: what
cannot be read gives no table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cutover_gates.util.text import strip_control_characters

STATISTICS = ("p50", "p95", "p99")


@dataclass(frozen=True)
class EvidenceTable:
    """Rows of cells as text, the first of which names its row.

    `facts` names the facts that it shows to the full.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    facts: frozenset[str]


def build_tables(facts: Mapping[str, Any]) -> list[EvidenceTable]:
    """The tables of an observation."""
    found = []
    for make in (_times_table, _errors_table, _ratios_table):
        try:
            found += make(facts)
        except Exception:  # whatever is wrong with a fact, the text below tells it as it is, and the page has to be written
            continue
    return [table for table in found if table.rows]


def _times_table(facts: Mapping[str, Any]) -> list[EvidenceTable]:
    if "operations" not in facts:
        return []
    rows = tuple(
        (
            _format_name(one["name"]),
            _format_count(one["requests"]),
            _format_count(one["errors"]),
            *(_format_interval(one.get(name), _format_ms) for name in STATISTICS),
            _format_objective(one.get("objective") or {}),
            _format_certainty(_objectives_of(facts, one["name"])),
        )
        for one in facts["operations"]
    )
    return [
        EvidenceTable(
            "Response times in ms; in brackets between what they lie for certain (?: too few"
            " requests to tell)",
            ("Operation", "Requests", "Errors", *STATISTICS, "Objective", "Certain?"),
            rows,
            frozenset({"claims"}),
        )
    ]


def _errors_table(facts: Mapping[str, Any]) -> list[EvidenceTable]:
    claims = [claim for claim in facts.get("claims") or () if claim["statistic"] == "errors"]
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
        for claim in claims
    )
    return [
        EvidenceTable(
            "Requests that failed",
            (
                "Operation",
                "Failed",
                "Requests",
                "Share",
                "For certain at most",
                "Limit",
                "Certain?",
            ),
            rows,
            frozenset({"claims"}),
        )
    ]


def _ratios_table(facts: Mapping[str, Any]) -> list[EvidenceTable]:
    claims = [claim for claim in facts.get("claims") or () if claim["statistic"] == "ratio"]
    ratios = facts.get("ratios") or {}
    rows = tuple(
        (
            _format_name(claim["operation"]),
            _format_interval(ratios.get(claim["operation"]), lambda ratio: f"{ratio:.2f}"),
            _format_name(claim["limit"]),
            _format_certainty([claim]),
        )
        for claim in claims
    )
    return [
        EvidenceTable(
            "Median response time as a multiple of the baseline's; in brackets between what it lies"
            " for certain",
            ("Operation", "Times the baseline", "Limit", "Certain?"),
            rows,
            frozenset({"claims", "ratios"}),
        )
    ]


def _objectives_of(facts: Mapping[str, Any], operation: str) -> list[Mapping[str, Any]]:
    """What is claimed of an operation's times."""
    return [
        claim
        for claim in facts.get("claims") or ()
        if claim["operation"] == operation and claim["statistic"] in STATISTICS
    ]


def _format_certainty(claims: list[Mapping[str, Any]]) -> str:
    """'yes', or what is not: the worst first."""
    if not claims:
        return "not judged"
    several = len(claims) > 1
    broken = [_format_name(claim["statistic"]) for claim in claims if claim["state"] == "broken"]
    still_open = [claim for claim in claims if claim["state"] == "open"]
    if broken:
        return "MISSED" + (f": {', '.join(broken)}" if several else "")
    if not any(claim["needed"] for claim in still_open):
        return "no excess seen" if still_open else "yes"
    what = (
        f": {', '.join(_format_name(claim['statistic']) for claim in still_open)}"
        if several
        else ""
    )
    more = max(_format_integer(claim["missing"]) for claim in still_open)
    return f"no{what}" + (
        f", about {more:,} more requests needed" if more else ", too near to the limit"
    )


def _format_objective(told: Mapping[str, Any]) -> str:
    return (
        ", ".join(
            f"{statistic} {round(1000 * float(told[statistic]), 1):,.10g}"
            for statistic in STATISTICS
            if told.get(statistic)
        )
        or "none"
    )


def _format_interval(told: Any, shown: Callable[[float], str]) -> str:
    """'18.5 (17.0–23.3)'; '-' where nothing was measured."""
    if not told:
        return "-"
    middle, low, high = ("?" if value is None else shown(float(value)) for value in told)
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
