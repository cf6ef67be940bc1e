"""Which faults every CI run tries, and which only the long proof does (`tox run -e thorough`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import ClassVar, Protocol

import pytest
from _pytest.mark import ParameterSet  # pytest's own name for what `pytest.param` gives

from tests.faults.item_files import files_of_item

ALWAYS = 1
"""Faults of each item that are tried in every run: a run has fifteen minutes.

The nightly one tries all.
"""


class _Fault(Protocol):
    item: ClassVar[str]


def cases(faults: Mapping[str, type[_Fault]], always: int = ALWAYS) -> list[ParameterSet]:
    """The names of all faults.

    Those beyond the first few of their item (`always`) are marked as thorough.
    """
    seen: Counter[str] = Counter()
    chosen = []
    for name, fault in faults.items():
        seen[fault.item] += 1
        chosen.append(
            pytest.param(name, marks=[pytest.mark.thorough] if seen[fault.item] > always else [])
        )
    return chosen


def gates(
    faults: Mapping[str, type[_Fault]], whole: Collection[str], by_item: Collection[str] = ()
) -> list[ParameterSet]:
    """The name of each fault with the files of the gate that is run on it; none: a whole gate.

    Every run judges `whole` by whole gates, and `by_item` (the first fault of each other item) by
    the files of its item, which costs a fraction: the item catches the fault, and nothing else in
    these files is blamed. The thorough proof judges every fault by a whole gate.
    """
    if unknown := {*whole, *by_item} - faults.keys():
        raise LookupError(f"no such faults: {', '.join(sorted(unknown))}")
    firsts = {fault.item: name for name, fault in reversed(list(faults.items()))}
    chosen = [
        pytest.param(name, (), id=name, marks=() if name in whole else pytest.mark.thorough)
        for name in faults
    ]
    by_items = sorted({*(by_item or firsts.values())} - {*whole})
    chosen.extend(
        pytest.param(name, files_of_item(faults[name].item), id=f"{name} by its item")
        for name in by_items
    )
    return chosen
