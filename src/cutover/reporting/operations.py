"""What a load run is sure of, as tables for the page: each operation with its figures, its limit,
and whether that is certain.

Like the figures they are read from the facts of an observation, which may hold anything: what
cannot be read gives no table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cutover.reporting.text import printable

STATISTICS = ("p50", "p95", "p99")


@dataclass(frozen=True)
class Table:
    """Rows of cells as text, the first of which names its row.

    `facts` names the facts that it shows to the full.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    facts: frozenset[str]


def tables(facts: Mapping[str, Any]) -> list[Table]:
    """The tables of an observation."""
    found = []
    for make in (_times, _errors, _ratios):
        try:
            found += make(facts)
        except Exception:  # whatever is wrong with a fact, the text below tells it as it is, and the page has to be written
            continue
    return [table for table in found if table.rows]


def _times(facts: Mapping[str, Any]) -> list[Table]:
    if "operations" not in facts:
        return []
    rows = tuple(
        (
            _name(one["name"]),
            _count(one["requests"]),
            _count(one["errors"]),
            *(_interval(one.get(name), _ms) for name in STATISTICS),
            _objective(one.get("objective") or {}),
            _certain(_of(facts, one["name"])),
        )
        for one in facts["operations"]
    )
    return [
        Table(
            "Response times in ms; in brackets between what they lie for certain (?: too few"
            " requests to tell)",
            ("Operation", "Requests", "Errors", *STATISTICS, "Objective", "Certain?"),
            rows,
            frozenset({"claims"}),
        )
    ]


def _errors(facts: Mapping[str, Any]) -> list[Table]:
    claims = [claim for claim in facts.get("claims") or () if claim["statistic"] == "errors"]
    rows = tuple(
        (
            _name(claim["operation"]),
            _count(claim["bad"]),
            _count(claim["of"]),
            _percent(claim["bad"] / claim["of"]) if claim["of"] else "-",
            _percent(claim["at_most"]),
            _name(claim["limit"]),
            _certain([claim]),
        )
        for claim in claims
    )
    return [
        Table(
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


def _ratios(facts: Mapping[str, Any]) -> list[Table]:
    claims = [claim for claim in facts.get("claims") or () if claim["statistic"] == "ratio"]
    ratios = facts.get("ratios") or {}
    rows = tuple(
        (
            _name(claim["operation"]),
            _interval(ratios.get(claim["operation"]), lambda ratio: f"{ratio:.2f}"),
            _name(claim["limit"]),
            _certain([claim]),
        )
        for claim in claims
    )
    return [
        Table(
            "Median response time as a multiple of the baseline's; in brackets between what it lies"
            " for certain",
            ("Operation", "Times the baseline", "Limit", "Certain?"),
            rows,
            frozenset({"claims", "ratios"}),
        )
    ]


def _of(facts: Mapping[str, Any], operation: str) -> list[Mapping[str, Any]]:
    """What is claimed of an operation's times."""
    return [
        claim
        for claim in facts.get("claims") or ()
        if claim["operation"] == operation and claim["statistic"] in STATISTICS
    ]


def _certain(claims: list[Mapping[str, Any]]) -> str:
    """'yes', or what is not: the worst first."""
    if not claims:
        return "not judged"
    several = len(claims) > 1
    broken = [_name(claim["statistic"]) for claim in claims if claim["state"] == "broken"]
    still_open = [claim for claim in claims if claim["state"] == "open"]
    if broken:
        return "MISSED" + (f": {', '.join(broken)}" if several else "")
    if not any(claim["needed"] for claim in still_open):
        return "no excess seen" if still_open else "yes"
    what = f": {', '.join(_name(claim['statistic']) for claim in still_open)}" if several else ""
    more = max(_whole(claim["missing"]) for claim in still_open)
    return f"no{what}" + (
        f", about {more:,} more requests needed" if more else ", too near to the limit"
    )


def _objective(told: Mapping[str, Any]) -> str:
    return (
        ", ".join(
            f"{statistic} {round(1000 * float(told[statistic]), 1):,.10g}"
            for statistic in STATISTICS
            if told.get(statistic)
        )
        or "none"
    )


def _interval(told: Any, shown: Callable[[float], str]) -> str:
    """'18.5 (17.0–23.3)'; '-' where nothing was measured."""
    if not told:
        return "-"
    middle, low, high = ("?" if value is None else shown(float(value)) for value in told)
    return f"{middle} ({low}–{high})"


def _ms(seconds: float) -> str:
    ms = 1000 * float(seconds)
    return f"{ms:.1f}" if ms < 100 else f"{ms:,.0f}"


def _percent(share: float) -> str:
    return f"{100 * float(share):.3g} %"


def _count(value: Any) -> str:
    return f"{_whole(value):,}"


def _whole(value: Any) -> int:
    return int(value or 0)


def _name(value: Any) -> str:
    return printable(str(value))
