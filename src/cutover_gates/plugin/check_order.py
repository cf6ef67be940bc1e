"""The order of the checks of a gate: fixed, and the cheap ones first.

Under a short budget the order decides what is looked at. So it follows from what a check costs, as
its mark `cost` says, and then from its place in its file; plugins that shuffle have no part in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cutover_gates.core.tables import suggest_nearest

COSTS = ("catalog", "rows", "joins", "indexes", "unique", "restore")
"""What a check reads, the cheapest first. A check without the mark is among the cheapest.

`catalog`: the catalog, or a few requests; `rows`: each row once; `joins`: rows joined with others;
`indexes`: each index from end to end; `unique`: values compared with each other, which proven
indexes save; `restore`: a restored copy.
"""


class CheckOrder:
    """Hooks that put the checks of a gate in order, in every process of it."""

    def __init__(self) -> None:
        # By identity: two items may have one node id.
        self._places: dict[int, int] = {}

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Record the place of a check, before anything changes the order."""
        self._places.setdefault(id(item), len(self._places))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Sort the checks, before xdist's worker tells the controller its own order."""
        last = len(self._places)
        session.items.sort(key=lambda item: (cost_rank(item), self._places.get(id(item), last)))


def cost_rank(item: pytest.Item) -> int:
    """Return the place of a check's cost in `COSTS`; of the highest one where it has several."""
    return max((COSTS.index(cost) for cost in _costs_of(item) if cost in COSTS), default=0)


def describe_cost_mistakes(item: pytest.Item) -> Sequence[str]:
    """Return a sentence for each unknown cost in the marks of a check."""
    return [
        f"{item.nodeid}: pytest.mark.cost({cost!r}) is unknown. Known are {', '.join(COSTS)}."
        f"{suggest_nearest(cost, COSTS)}"
        for cost in _costs_of(item)
        if cost not in COSTS
    ]


def _costs_of(item: pytest.Item) -> list[str]:
    return [str(arg) for mark in item.iter_markers("cost") for arg in mark.args]
