"""The order of the checks of a gate: fixed, and the cheap ones first.

Under a short budget the order decides what is looked at. So it follows from what a check costs, as
its mark `cost` says, and then from its place in its file; plugins that shuffle have no part in it.

Under xdist the workers take the checks from one queue, one by one: when a check starts, all before
it have started, but at most one for each other worker, which waits there behind an earlier one. A
conftest.py that runs the checks in an order of its own is named in the verdict.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from cutover_gates.core.check_groups import step_groups
from cutover_gates.core.tables import suggest_nearest

COSTS = ("catalog", "rows", "joins", "indexes", "unique", "restore")
"""What a check reads, the cheapest first. A check without the mark is among the cheapest.

`catalog`: the catalog, or a few requests; `rows`: each row once; `joins`: rows joined with others;
`indexes`: each index from end to end; `unique`: values compared with each other, which proven
indexes save; `restore`: a restored copy.
"""


OUTPUT = "cutover_check_order"
"""The key of what a worker noted in xdist's `workeroutput`."""
CheckStart = tuple[float, int, str]
"""When a check began (`time.time()`), the rank of its cost, and its id."""


class CheckOrder:
    """Hooks that put the checks of a gate in order, in every process of it.

    `notes` gets a sentence where checks ran in another order all the same.
    """

    def __init__(self, notes: list[str]) -> None:
        self.notes = notes
        # By identity: two items may have one node id.
        self._places: dict[int, int] = {}
        self._starts: list[CheckStart] = []
        self._workers = 0

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Record the place of a check, before anything changes the order."""
        self._places.setdefault(id(item), len(self._places))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Sort the checks, before xdist's worker tells the controller its own order."""
        self._sort(session)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Sort once more: others may have changed the order when the collection was finished."""
        self._sort(session)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Note when a check starts, and what it costs."""
        self._starts.append((time.time(), cost_rank(item), item.nodeid))
        return (yield)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker noted."""
        self._workers += 1
        self._starts += map(tuple, getattr(node, "workeroutput", {}).get(OUTPUT, []))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell which checks were late; a worker tells the controller when each began."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[OUTPUT] = self._starts
        else:
            self.notes += _describe_late(find_late_checks(self._starts, max(1, self._workers)))

    def _sort(self, session: pytest.Session) -> None:
        last = len(self._places)
        session.items.sort(key=lambda item: (cost_rank(item), self._places.get(id(item), last)))


def take_from_one_queue(config: pytest.Config) -> list[str]:
    """Let xdist's workers take the checks one by one, in their order. Return what is changed."""
    option = config.option
    asked = getattr(option, "dist", "no")
    if asked == "no":
        return []
    option.dist, option.maxschedchunk = "load", 1
    if asked == "load":
        return []
    return [
        f"--dist {asked} was not used: the workers of a gate take the checks from one queue, the"
        " cheap ones first (--dist load)"
    ]


def find_late_checks(starts: Sequence[CheckStart], workers: int) -> list[str]:
    """Return the checks that began after dearer ones, but those that waited behind another check.

    One may wait for each other worker, which has it already and is still busy.
    """
    ordered = sorted(starts)
    late: dict[str, None] = {}
    for place, (_at, rank, _node) in enumerate(ordered):
        cheaper = [node for _at, other, node in ordered[place + 1 :] if other < rank]
        late |= dict.fromkeys(cheaper if len(cheaper) >= workers else ())
    return list(late)


def _describe_late(late: Sequence[str]) -> list[str]:
    if not late:
        return []
    more = f" and {len(late) - 1} more checks" if len(late) > 1 else ""
    return [
        f"{late[0]}{more} ran after checks that cost more: a conftest.py or a plugin changed the"
        " order of the gate. If time ran out, it is luck what was looked at: remove what sorts or"
        " runs the checks (pytest_runtestloop, pytest_xdist_make_scheduler)"
    ]


def cost_rank(item: pytest.Item) -> int:
    """Return the place of a check's cost in `COSTS`; of the highest one where it has several."""
    if step_groups().intersection(arg for mark in item.iter_markers("plan") for arg in mark.args):
        return len(COSTS)  # they wait until the step has been live for its time
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
