"""Variants of a plan: other ids and headings, or fewer items."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from cutover_gates.core.check_groups import shipped_groups

ITEM = re.compile(r"(?=^\[\[item\]\]$)", re.MULTILINE)
ID = re.compile(r'^id = "([^"]+)"$', re.MULTILINE)


def rename_plan(text: str, groups: Iterable[str] = ()) -> str:
    """Return a plan with other ids and headings, in which each item keeps the checks that it takes.

    `groups` are groups of checks beside the shipped ones.
    """
    known = {*shipped_groups(), *groups}
    ids = ID.findall(text)
    names = {item: f"line-{number}" for number, item in enumerate(ids, start=1)}
    renamed = re.sub(r"^section = .*$", 'section = "Our own heading"', text, flags=re.MULTILINE)
    renamed = re.sub(
        r"^rests_on = \[.*\]$",
        lambda line: _rename_all(line[0], names),
        renamed,
        flags=re.MULTILINE,
    )
    return ID.sub(lambda line: _renamed_id(line[1], names, known), renamed)


def _rename_all(line: str, names: dict[str, str]) -> str:
    return re.sub(r'"([^"]+)"', lambda name: f'"{names[name[1]]}"', line)


def _renamed_id(item: str, names: dict[str, str], known: set[str]) -> str:
    keeps = f'\nchecks = ["{item}"]' if item in known else ""
    return f'id = "{names[item]}"{keeps}'


def keep_items(text: str, keep: Callable[[str], bool]) -> str:
    """Return a plan with the items whose id is kept; nothing rests on the others any more."""
    blocks = [block for block in ITEM.split(text) if (found := ID.search(block)) and keep(found[1])]
    left = {name for block in blocks for name in ID.findall(block)}

    def prune(line: re.Match[str]) -> str:
        names = [name for name in re.findall(r'"([^"]+)"', line[0]) if name in left]
        return f"rests_on = {names}".replace("'", '"') if names else ""

    return re.sub(r"^rests_on = \[.*\]$", prune, "".join(blocks), flags=re.MULTILINE)
