"""Differences between two catalogs, each as a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cutover_gates.core.findings import Finding, Rule
from cutover_gates.probes.database.schema.schema_catalog import (
    CATALOG_KINDS,
    COLUMN_ORDER,
    Catalog,
    Fact,
    Facts,
)

NameFormatter = Callable[[str], str]
"""Shortens a name that begins with its schema (`DatabaseContext.display_name`)."""
MAX_QUOTE_LENGTH = 240
_ABSENT = "absent"
_PRESENT = "present"
_NOUNS = {
    "grant": "grant on",
    "owner": "owner of",
    "default grant": "default grant on",
    "column order": "order of columns in",
    "tablespace": "tablespace of",
}


def find_differences(
    expected: Catalog, found: Catalog, display: NameFormatter, rule: Rule
) -> list[Finding]:
    """Return what is missing, what nothing expects, and each fact that differs.

    What belongs to a missing or an extra object (the columns of a table) is not repeated. The order
    of columns is no difference: see `find_reordered_columns`.
    """
    findings: list[Finding] = []
    unmatched: set[str] = set()
    for kind in (kind for kind in CATALOG_KINDS if kind != COLUMN_ORDER):
        for name in sorted(expected[kind].keys() | found[kind].keys()):
            wanted, there = expected[kind].get(name), found[kind].get(name)
            subject = describe_object(kind, display(name))
            if wanted is not None and there is not None:
                findings += _compare_facts(rule, subject, wanted, there)
                continue
            # The kinds are in order: a table comes before what belongs to it.
            unmatched.add(f"{kind} {name}")
            if (wanted or there or {}).get("of") not in unmatched:
                findings.append(_find_absence(rule, subject, wanted))
    return findings


def find_reordered_columns(
    expected: Catalog, found: Catalog, display: NameFormatter, rule: Rule
) -> list[Finding]:
    """Return the tables whose columns are the expected ones in another order.

    That harms only an INSERT or COPY that names no columns.
    """
    findings = []
    for name, wanted in sorted(expected[COLUMN_ORDER].items()):
        there = found[COLUMN_ORDER].get(name)
        if there is None or wanted["columns"] == there["columns"]:
            continue
        if _sort_list(wanted["columns"]) == _sort_list(there["columns"]):
            values = _quote_fact(wanted["columns"]), _quote_fact(there["columns"])
            subject = describe_object(COLUMN_ORDER, display(name))
            findings.append(Finding(rule, subject, *values))
    return findings


def find_added_partitions(expected: Catalog, found: Catalog) -> list[str]:
    """Return the partitions that no script makes, of tables that a script makes.

    A job adds a new one every month, so they are no difference.
    """
    known = set(expected["table"])
    while added := {
        name
        for name, facts in found["table"].items()
        if name not in known and _is_partition_of(facts, known)
    }:
        known |= added
    return sorted(known - expected["table"].keys())


def _is_partition_of(facts: Facts, tables: set[str]) -> bool:
    parents = facts.get("parents")
    return "bounds as partition" in facts and isinstance(parents, list) and set(parents) <= tables


def describe_object(kind: str, name: str) -> str:
    """Return the object as the subject of a finding: `column visits.status`."""
    return name if kind == "database" else f"{_NOUNS.get(kind, kind)} {name}"


def _find_absence(rule: Rule, subject: str, wanted: Facts | None) -> Finding:
    if wanted is None:
        return Finding(rule, subject, _ABSENT, _PRESENT)
    facts = [f"{fact} {_quote_fact(value)}" for fact, value in wanted.items() if fact != "of"]
    text = str(wanted.get("definition") or ", ".join(facts))
    return Finding(rule, subject, _clip_text(text) if text else _PRESENT, _ABSENT)


def _compare_facts(rule: Rule, subject: str, wanted: Facts, there: Facts) -> Iterator[Finding]:
    for fact in dict.fromkeys([*wanted, *there]):
        if fact != "of" and wanted.get(fact) != there.get(fact):
            expected, actual = _contrast_values(wanted.get(fact), there.get(fact))
            yield Finding(rule, subject, f"{fact} {expected}", actual)


def _contrast_values(wanted: Fact, there: Fact) -> tuple[str, str]:
    """Return both values; of long texts the part in which they differ."""
    one, other = _quote_fact(wanted), _quote_fact(there)
    if "\n" not in one and "\n" not in other:
        return _clip_text(one, other), _clip_text(other, one)
    lines, others = one.splitlines(), other.splitlines()
    at = _first_difference(lines, others)
    return f"with line {at + 1} {_quote_line(lines, at)}", _quote_line(others, at)


def _first_difference(one: list[str] | str, other: list[str] | str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _quote_line(lines: list[str], at: int) -> str:
    return _clip_text(f'"{lines[at].strip().strip(chr(34))}"') if at < len(lines) else "none"


def _quote_fact(value: Fact) -> str:
    if value is None:
        return "none"
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return f'"{text}"'


def _clip_text(text: str, other: str = "") -> str:
    """Return at most `MAX_QUOTE_LENGTH` characters on one line, around the first difference."""
    text, other = " ".join(text.split()), " ".join(other.split())
    if len(text) <= MAX_QUOTE_LENGTH:
        return text
    # Half of the text stands before the difference, where there is that much.
    at = _first_difference(text, other) if other else 0
    start = max(0, min(at - MAX_QUOTE_LENGTH // 2, len(text) - MAX_QUOTE_LENGTH))
    end = start + MAX_QUOTE_LENGTH
    before = "…" if start else ""
    after = "…" if end < len(text) else ""
    return f"{before}{text[start:end]}{after}"


def _sort_list(value: Fact) -> list[str]:
    return sorted(value) if isinstance(value, list) else []
