"""Differences between two catalogs, a sentence each: which thing, what was expected, what was
found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cutover_gates.probes.database.schema.schema_catalog import (
    CATALOG_KINDS,
    COLUMN_ORDER,
    Catalog,
    Fact,
    Facts,
)

NameFormatter = Callable[[str], str]
MAX_QUOTE_LENGTH = 240
_NOUNS = {
    "grant": "grant on",
    "owner": "owner of",
    "default grant": "default grant on",
    "column order": "order of columns in",
}


def find_differences(expected: Catalog, found: Catalog, shown: NameFormatter) -> list[str]:
    """What is missing, what nothing expects, and what is otherwise than expected.

    `shown` shortens a name that begins with its schema.

    What goes with a missing or an extra thing (the columns of a table) is not told again. The order
    of columns is no difference: see `find_reordered_columns`.
    """
    told, gone = list[str](), set[str]()
    for kind in (kind for kind in CATALOG_KINDS if kind != COLUMN_ORDER):
        for name in sorted(expected[kind].keys() | found[kind].keys()):
            wanted, there = expected[kind].get(name), found[kind].get(name)
            if wanted is None or there is None:
                if _parent_of(wanted, there) not in gone:
                    told.append(_describe_absence(kind, shown(name), wanted))
                gone.add(f"{kind} {name}")
            elif changes := list(_describe_changes(wanted, there)):
                told.append(f"{describe_object(kind, shown(name))}: {'; '.join(changes)}.")
    return told


def find_reordered_columns(expected: Catalog, found: Catalog, shown: NameFormatter) -> list[str]:
    """Tables whose columns are the expected ones in another order.

    That harms only an INSERT or COPY that names no columns.
    """
    return [
        f"The columns of {shown(name)} stand in another order: expected {_quote_fact(wanted['columns'])},"
        f" found {_quote_fact(there['columns'])}."
        for name, wanted in sorted(expected[COLUMN_ORDER].items())
        if (there := found[COLUMN_ORDER].get(name))
        and wanted["columns"] != there["columns"]
        and _sort_list(wanted["columns"]) == _sort_list(there["columns"])
    ]


def describe_object(kind: str, name: str) -> str:
    """How a sentence about it begins."""
    return (
        f"The {name.removeprefix('the ')}"
        if kind == "database"
        else f"The {_NOUNS.get(kind, kind)} {name}"
    )


def _parent_of(wanted: Facts | None, there: Facts | None) -> Fact:
    return (wanted or there or {}).get("of")


def _describe_absence(kind: str, name: str, wanted: Facts | None) -> str:
    if wanted is None:
        return f"{describe_object(kind, name)} is there, and nothing expects it."
    facts = wanted.get("definition") or ", ".join(
        f"{fact} {_quote_fact(value)}" for fact, value in wanted.items() if fact != "of"
    )
    return f"{describe_object(kind, name)} is missing" + (
        f": expected {_clip_text(str(facts))}." if facts else "."
    )


def _describe_changes(wanted: Facts, there: Facts) -> Iterator[str]:
    for fact in dict.fromkeys([*wanted, *there]):
        if fact != "of" and wanted.get(fact) != there.get(fact):
            yield f"expected {fact} {_contrast_values(wanted.get(fact), there.get(fact))}"


def _contrast_values(wanted: Fact, there: Fact) -> str:
    """Both, or of long texts the lines where they part."""
    one, other = _quote_fact(wanted), _quote_fact(there)
    if "\n" in one or "\n" in other:
        lines, others = one.splitlines(), other.splitlines()
        at = next(
            (number for number, (a, b) in enumerate(zip(lines, others, strict=False)) if a != b),
            min(len(lines), len(others)),
        )
        return f"with line {at + 1} {_quote_line(lines, at)}, found {_quote_line(others, at)}"
    return f"{_clip_text(one, other)}, found {_clip_text(other, one)}"


def _quote_line(lines: list[str], at: int) -> str:
    return _clip_text(f'"{lines[at].strip().strip(chr(34))}"') if at < len(lines) else "none"


def _quote_fact(value: Fact) -> str:
    if value is None:
        return "none"
    return f'"{", ".join(value)}"' if isinstance(value, list) else f'"{value}"'


def _clip_text(text: str, other: str = "") -> str:
    """At most `MAX_QUOTE_LENGTH` characters on one line, with where it parts from the other one among them."""
    text = " ".join(text.split())
    if len(text) <= MAX_QUOTE_LENGTH:
        return text
    other = " ".join(other.split())
    at = next((place for place, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), 0)
    start = max(0, min(at - MAX_QUOTE_LENGTH // 2, len(text) - MAX_QUOTE_LENGTH))
    return (
        ("…" if start else "")
        + text[start : start + MAX_QUOTE_LENGTH]
        + ("…" if start + MAX_QUOTE_LENGTH < len(text) else "")
    )


def _sort_list(value: Fact) -> list[str]:
    return sorted(value) if isinstance(value, list) else []
