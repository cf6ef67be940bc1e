"""The groups of checks that this project ships, read from `check_groups.toml` beside this module.

A check names its group (`@pytest.mark.plan("GROUP")`), and an item of the plan takes groups
(`checks = […]`). So the items of a plan may have any ids.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("check_groups.toml")
CHECKS_FILE = Path(__file__).with_name("shipped_checks.toml")
"""The ids of the shipped checks. `python -m docs.generate` writes it."""


@dataclass(frozen=True)
class CheckGroup:
    """One group of checks: the suite that it stands in, and what its checks need and are.

    `needs` says what an embedded hospital must bring along for them. `role` names what the code has
    to find them by. `declared_by` are the keys of a target's settings that say what they read
    (`core.plan_proofs`); none for checks that are always asked.
    """

    id: str
    suite: str
    needs: tuple[str, ...] = ()
    role: str = ""
    declared_by: tuple[str, ...] = ()


@cache
def shipped_groups() -> Mapping[str, CheckGroup]:
    """Return all shipped groups by id, in the order of the file."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: CheckGroup(
            name,
            row["suite"],
            tuple(row.get("needs", ())),
            row.get("role", ""),
            tuple(row.get("declared_by", ())),
        )
        for name, row in tables.items()
    }


@cache
def step_groups() -> frozenset[str]:
    """Return the groups that judge a step of a rollout: they are asked at its end."""
    return frozenset(name for name, group in shipped_groups().items() if "rollout" in group.needs)


@cache
def shipped_checks() -> frozenset[str]:
    """Return the ids of all shipped checks: node ids without parameters.

    They are not computed from the suites: in a checkout a hospital's own checks stand there, too.
    """
    return frozenset(tomllib.loads(CHECKS_FILE.read_text(encoding="utf-8"))["checks"])


def needs_of(groups: Iterable[str]) -> frozenset[str]:
    """Return what the checks of these groups need. A group that is not shipped needs nothing."""
    known = [shipped_groups()[group] for group in groups if group in shipped_groups()]
    return frozenset(need for group in known for need in group.needs)


def role_of(groups: Iterable[str]) -> str:
    """Return the role of the first of these groups that has one, or an empty text."""
    known = [shipped_groups()[group] for group in groups if group in shipped_groups()]
    return next((group.role for group in known if group.role), "")
