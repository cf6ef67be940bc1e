"""The hazards of real rollouts, and what stands for each: faults of the registry, and tests.

    python -m tests.faults.hazards [--write]

prints how many there are; `--write` writes docs/phase2-hazards.md anew.
"""

from __future__ import annotations

import argparse
import importlib
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import registry
from tests.faults.fault import Fault
from tests.faults.hospitals import ROOT

FILE = Path(__file__).with_name("hazards.toml")
PAGE = ROOT / "docs/phase2-hazards.md"
PHASE_2 = (
    *("watch.", "steps.", "proofs.", "data.way_back", "data.release_before"),
    *("deployment.way_back", "observability.rule_agreement"),
)
"""The beginnings of the modules whose faults are of Phase 2, of what it stands on and of its end."""


@dataclass(frozen=True)
class Hazard:
    """One hazard: what happens, what a gate comes to, and what tries it.

    `faults` are names of the registry, `tests` node ids without parameters.
    """

    number: int
    what: str
    outcome: str
    faults: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()


def _parse_row(row: Mapping[str, Any]) -> Hazard:
    faults, tests = tuple(row.get("faults", ())), tuple(row.get("tests", ()))
    return Hazard(row["number"], row["what"], row["outcome"], faults, tests)


HAZARDS = tuple(
    _parse_row(row) for row in tomllib.loads(FILE.read_text(encoding="utf-8"))["hazard"]
)


def list_phase2_faults() -> dict[str, type[Fault]]:
    """Return the faults of Phase 2, by name."""
    beginnings = tuple(f"tests.faults.{name}" for name in PHASE_2)
    found = registry.all_faults()
    return {name: one for name, one in found.items() if one.__module__.startswith(beginnings)}


def find_fault(name: str) -> type[Fault]:
    """Return a fault of the registry, or a rollout that must stay quiet. Raises `LookupError`."""
    quiet = importlib.import_module("tests.faults.watch.quiet_rollouts")
    found = registry.all_faults().get(name) or getattr(quiet, name, None)
    if found is None:
        raise LookupError(f"there is no fault {name}")
    return found


def render_page() -> str:
    """Return the page with all hazards."""
    lines = [
        "# The hazards of a rollout",
        "",
        "What goes wrong in real rollouts, what a gate comes to, and what tries it here: faults of",
        "`tests/faults` (with the item that tells them) and tests. Written by",
        "`python -m tests.faults.hazards --write`.",
        "",
        "| # | hazard | outcome | faults | tests |",
        "|---|---|---|---|---|",
        *map(_render_row, HAZARDS),
        "",
    ]
    return "\n".join(lines)


def _render_row(hazard: Hazard) -> str:
    faults = ", ".join(f"`{name}` ({_item_of(name)})" for name in hazard.faults)
    tests = ", ".join(f"`{test.partition('::')[2]}`" for test in hazard.tests)
    cells = (str(hazard.number), hazard.what, hazard.outcome, faults or "–", tests or "–")
    return f"| {' | '.join(cells)} |"


def _item_of(name: str) -> str:
    return str(getattr(find_fault(name), "item", "no item"))


def _describe_counts() -> Iterator[str]:
    faults = list_phase2_faults()
    yield f"{len(HAZARDS)} hazards; {len(faults)} faults of Phase 2, by the item that tells them:"
    for item, count in sorted(Counter(one.item for one in faults.values()).items()):
        yield f"  {count:3} {item}"


def main() -> None:
    """Print the counts, and write the page where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    if parser.parse_args().write:
        PAGE.write_text(render_page(), encoding="utf-8")
    print("\n".join(_describe_counts()))


def find_test(node: str) -> bool:
    """Return whether a test is there."""
    path, _, name = node.partition("::")
    return f"def {name}(" in Path(ROOT / path).read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
