"""Walks the pages of a list, in whatever style the target turns them."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Table
from typing import Any
from urllib.parse import urljoin

import httpx

from cutover_gates.drivers.rest.extraction import ReadFault, read_value
from cutover_gates.drivers.rest.mapping_model import OperationMap
from cutover_gates.drivers.rest.operation_runner import OperationResult, OperationRunner
from cutover_gates.hospital import Session

MOST_PAGES = 1000


class Paginator:
    """The lists of one target."""

    def __init__(self, runner: OperationRunner) -> None:
        self._runner = runner

    def iterate_pages(
        self, name: str, session: Session, **variables: Any
    ) -> Iterator[tuple[OperationResult, list[Any], int | None]]:
        """Each page of a list, with its items, and the total where the target tells it."""
        operation = self._runner.operation(name)
        paging = operation.paging
        size, number, offset = (paging.size, paging.first, 0) if paging else (0, 1, 0)
        cursor: Any = None
        for _ in range(MOST_PAGES):
            page = {"number": number, "size": size, "offset": offset, "cursor": cursor}
            if paging and paging.style == "link" and cursor:
                outcome = self._follow(name, str(cursor), session, variables)
            else:
                outcome = self._runner.run(name, session, page=page, **variables)
            items = self._items(outcome, operation)
            yield outcome, items, self._total(outcome, operation)
            if paging is None or (not items and paging.next is None):
                return
            number, offset = number + 1, offset + len(items)
            if paging.next is not None:
                last, cursor = cursor, self._next(outcome, paging.next)
                if cursor in (None, "", False):
                    return
                if cursor == last:
                    raise self._runner.judge.violation(
                        name,
                        "another page",
                        "the same page again",
                        f"operations.{name}.paging.next = {paging.next!r}",
                        outcome.request,
                    )
        raise self._runner.judge.violation(
            name,
            f"at most {MOST_PAGES} pages",
            "no end",
            f"operations.{name}.paging",
            outcome.request,
        )

    def _follow(
        self, name: str, link: str, session: Session, variables: Table[str, Any]
    ) -> OperationResult:
        operation = self._runner.operation(name)
        key, step = (
            self._runner.mapping.step_key(name, len(operation.steps) - 1),
            operation.steps[-1],
        )
        url = urljoin(self._runner.base_url + self._runner.mapping.base_path + "/", link)
        scope = self._runner.scope(name, operation, session, {**variables, "page": {}})
        request = self._runner.build.request_to(
            url, step, key, scope, self._runner.token(name, step, session)
        )
        answer = self._runner.send_or_raise(name, key, request)
        self._runner.judge.judge(name, step, key, request, answer)
        return OperationResult(name, request, answer, scope)

    def _next(self, outcome: OperationResult, where: str) -> Any:
        if (
            where.partition(":")[0] == "header"
            and where.partition(":")[2].strip().lower() == "link"
        ):
            links = httpx.Response(
                200, headers={"link": outcome.answer.headers.get("link", "")}
            ).links
            return links.get("next", {}).get("url")
        return self._read_from_page(outcome, f"operations.{outcome.operation}.paging.next", where)

    def _read_from_page(self, outcome: OperationResult, key: str, where: str) -> Any:
        try:
            return read_value(where, outcome.answer, outcome.answer.json, outcome.variables)
        except ReadFault as fault:
            raise self._runner.judge.violation(
                outcome.operation,
                f"{where!r} in the answer",
                str(fault),
                f"{key} = {where!r}",
                outcome.request,
            ) from fault

    def _items(self, outcome: OperationResult, operation: OperationMap) -> list[Any]:
        where = operation.items or "@"
        items = self._read_from_page(outcome, f"operations.{outcome.operation}.items", where)
        if not isinstance(items, list):
            came = "nothing there" if items is None else f"a {type(items).__name__}"
            raise self._runner.judge.violation(
                outcome.operation,
                f"a list at {where!r}",
                came,
                f"operations.{outcome.operation}.items = {where!r}",
                outcome.request,
            )
        return items

    def _total(self, outcome: OperationResult, operation: OperationMap) -> int | None:
        if operation.total is None:
            return None
        total = self._read_from_page(
            outcome, f"operations.{outcome.operation}.total", operation.total
        )
        if isinstance(total, str) and total.isdecimal():  # a header is a text
            total = int(total)
        if not isinstance(total, int) or isinstance(total, bool):
            line = f"operations.{outcome.operation}.total = {operation.total!r}"
            raise self._runner.judge.violation(
                outcome.operation,
                "the number of all matches",
                f"{type(total).__name__}",
                line,
                outcome.request,
            )
        return total
