"""Differences between two catalogs, a sentence each: which thing, what was expected, what was
found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cutover.database.catalog.model import KINDS, ORDER, Catalog, Fact, Facts

Shown = Callable[[str], str]
LONGEST = 240
_NOUNS = {
    "grant": "grant on",
    "owner": "owner of",
    "default grant": "default grant on",
    "column order": "order of columns in",
}


def differences(expected: Catalog, found: Catalog, shown: Shown) -> list[str]:
    """What is missing, what nothing expects, and what is otherwise than expected.

    `shown` shortens a name that begins with its schema.

    What goes with a missing or an extra thing (the columns of a table) is not told again. The order
    of columns is no difference: see `reordered`.
    """
    told, gone = list[str](), set[str]()
    for kind in (kind for kind in KINDS if kind != ORDER):
        for name in sorted(expected[kind].keys() | found[kind].keys()):
            wanted, there = expected[kind].get(name), found[kind].get(name)
            if wanted is None or there is None:
                if _of(wanted, there) not in gone:
                    told.append(_absent(kind, shown(name), wanted))
                gone.add(f"{kind} {name}")
            elif changes := list(_changes(wanted, there)):
                told.append(f"{thing(kind, shown(name))}: {'; '.join(changes)}.")
    return told


def reordered(expected: Catalog, found: Catalog, shown: Shown) -> list[str]:
    """Tables whose columns are the expected ones in another order.

    That harms only an INSERT or COPY that names no columns.
    """
    return [
        f"The columns of {shown(name)} stand in another order: expected {_said(wanted['columns'])},"
        f" found {_said(there['columns'])}."
        for name, wanted in sorted(expected[ORDER].items())
        if (there := found[ORDER].get(name))
        and wanted["columns"] != there["columns"]
        and _sorted(wanted["columns"]) == _sorted(there["columns"])
    ]


def thing(kind: str, name: str) -> str:
    """How a sentence about it begins."""
    return (
        f"The {name.removeprefix('the ')}"
        if kind == "database"
        else f"The {_NOUNS.get(kind, kind)} {name}"
    )


def _of(wanted: Facts | None, there: Facts | None) -> Fact:
    return (wanted or there or {}).get("of")


def _absent(kind: str, name: str, wanted: Facts | None) -> str:
    if wanted is None:
        return f"{thing(kind, name)} is there, and nothing expects it."
    facts = wanted.get("definition") or ", ".join(
        f"{fact} {_said(value)}" for fact, value in wanted.items() if fact != "of"
    )
    return f"{thing(kind, name)} is missing" + (
        f": expected {_clipped(str(facts))}." if facts else "."
    )


def _changes(wanted: Facts, there: Facts) -> Iterator[str]:
    for fact in dict.fromkeys([*wanted, *there]):
        if fact != "of" and wanted.get(fact) != there.get(fact):
            yield f"expected {fact} {_contrast(wanted.get(fact), there.get(fact))}"


def _contrast(wanted: Fact, there: Fact) -> str:
    """Both, or of long texts the lines where they part."""
    one, other = _said(wanted), _said(there)
    if "\n" in one or "\n" in other:
        lines, others = one.splitlines(), other.splitlines()
        at = next(
            (number for number, (a, b) in enumerate(zip(lines, others, strict=False)) if a != b),
            min(len(lines), len(others)),
        )
        return f"with line {at + 1} {_line(lines, at)}, found {_line(others, at)}"
    return f"{_clipped(one, other)}, found {_clipped(other, one)}"


def _line(lines: list[str], at: int) -> str:
    return _clipped(f'"{lines[at].strip().strip(chr(34))}"') if at < len(lines) else "none"


def _said(value: Fact) -> str:
    if value is None:
        return "none"
    return f'"{", ".join(value)}"' if isinstance(value, list) else f'"{value}"'


def _clipped(text: str, other: str = "") -> str:
    """At most `LONGEST` characters on one line, with where it parts from the other one among them."""
    text = " ".join(text.split())
    if len(text) <= LONGEST:
        return text
    other = " ".join(other.split())
    at = next((place for place, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), 0)
    start = max(0, min(at - LONGEST // 2, len(text) - LONGEST))
    return (
        ("…" if start else "")
        + text[start : start + LONGEST]
        + ("…" if start + LONGEST < len(text) else "")
    )


def _sorted(value: Fact) -> list[str]:
    return sorted(value) if isinstance(value, list) else []
