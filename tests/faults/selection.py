"""Which faults every CI run tries, and which only the long proof does (`tox run -e thorough`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar, Protocol

import pytest
from _pytest.mark import ParameterSet  # pytest's own name for what `pytest.param` gives

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
