"""The pages of a list, in any style by which a target continues it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urljoin

import httpx

from cutover_gates.drivers.http_client import sendable_values
from cutover_gates.drivers.rest.extraction import ExtractionError, read_value
from cutover_gates.drivers.rest.mapping_model import OperationMap
from cutover_gates.drivers.rest.operation_runner import OperationResult, OperationRunner
from cutover_gates.drivers.rest.page_rows import count_rows
from cutover_gates.hospital import AuditEntry, Document, Patient, ProtocolViolation, Session, Visit

Entry = TypeVar("Entry", Patient, Visit, Document, AuditEntry)
MOST_PAGES = 1000
"""Pages after which a list counts as endless."""


@dataclass(frozen=True)
class Page:
    """One page: the answer, the items in it, and the number of all matches (None: not given).

    `rows` are all that the target put on the page: the mapping may take only some of them.
    """

    result: OperationResult
    items: list[Any]
    total: int | None
    rows: int


class Paginator:
    """Reads the lists of one target."""

    def __init__(self, runner: OperationRunner) -> None:
        self._runner = runner

    def list_all(
        self,
        name: str,
        session: Session,
        convert: Callable[[OperationResult, Any], Entry],
        **variables: Any,
    ) -> list[Entry]:
        """Return every entry of a list, from all pages.

        A page that only repeats, or an end before the total is reached, is a violation.
        """
        found: list[Entry] = []
        rows = 0
        for page in self.iterate_pages(name, session, **variables):
            entries = [convert(page.result, item) for item in page.items]
            known = {entry.id for entry in found}
            if entries and known and {entry.id for entry in entries} <= known:
                raise self._repeated_page(name, page.result)
            found += entries
            rows += page.rows
            if page.total is not None and max(rows, len(found)) >= page.total:
                break
        # A count is of all rows, also of those that the mapping leaves out.
        if page.total is not None and page.total not in (rows, len(found)):
            line = f"operations.{name}.total = {self._runner.mapping.operations[name].total!r}"
            raise self._runner.judge.violation(
                name,
                f"{page.total} entries, as its count says",
                f"{len(found)} on all its pages",
                line,
                page.result.request,
            )
        return found

    def iterate_pages(self, name: str, session: Session, **variables: Any) -> Iterator[Page]:
        """Yield each page of a list."""
        operation = self._runner.operation(name)
        paging = operation.paging
        size, number, offset = (paging.size, paging.first, 0) if paging else (0, 1, 0)
        cursor: Any = None
        for _ in range(MOST_PAGES):
            position = {"number": number, "size": size, "offset": offset, "cursor": cursor}
            if paging and paging.style == "link" and cursor:
                result = self._follow(name, str(cursor), session, variables)
            else:
                result = self._runner.run(name, session, page=position, **variables)
            items = self._items(result, operation)
            rows = count_rows(operation.items or "@", result.answer.json, items)
            yield Page(result, items, self._total(result, operation), rows)
            if paging is None or (not rows and paging.next is None):
                return
            number, offset = number + 1, offset + rows
            if paging.next is not None:
                last, cursor = cursor, self._next(result, paging.next)
                if cursor in (None, "", False):
                    return
                if cursor == last:
                    line = f"operations.{name}.paging.next = {paging.next!r}"
                    raise self._runner.judge.violation(
                        name, "another page", "the same page again", line, result.request
                    )
        raise self._runner.judge.violation(
            name,
            f"at most {MOST_PAGES} pages",
            "no end",
            f"operations.{name}.paging",
            result.request,
        )

    def _follow(
        self, name: str, link: str, session: Session, variables: Mapping[str, Any]
    ) -> OperationResult:
        """Request the page at a link, with the headers of the operation's last step."""
        operation = self._runner.operation(name)
        step = operation.steps[-1]
        key = self._runner.mapping.step_key(name, len(operation.steps) - 1)
        with sendable_values():
            url = urljoin(self._runner.base_url + self._runner.mapping.base_path + "/", link)
        scope = self._runner.scope(name, operation, session, {**variables, "page": {}})
        token = self._runner.token(name, step, session)
        request = self._runner.build.build_link(url, step, key, scope, token)
        answer = self._runner.send_or_raise(name, key, request)
        self._runner.judge.judge(name, step, key, request, answer)
        return OperationResult(name, request, answer, scope)

    def _next(self, result: OperationResult, where: str) -> Any:
        kind, _, header = where.partition(":")
        if kind == "header" and header.strip().lower() == "link":
            # httpx reads the Link header (RFC 8288).
            headers = {"link": result.answer.headers.get("link", "")}
            return httpx.Response(200, headers=headers).links.get("next", {}).get("url")
        return self._read(result, "paging.next", where)

    def _read(self, result: OperationResult, key: str, where: str) -> Any:
        try:
            return read_value(where, result.answer, result.answer.json, result.variables)
        except ExtractionError as fault:
            raise self._violation(
                result, f"{where!r} in the answer", str(fault), key, where
            ) from fault

    def _items(self, result: OperationResult, operation: OperationMap) -> list[Any]:
        where = operation.items or "@"
        items = self._read(result, "items", where)
        if not isinstance(items, list):
            actual = "nothing there" if items is None else f"a {type(items).__name__}"
            raise self._violation(result, f"a list at {where!r}", actual, "items", where)
        return items

    def _total(self, result: OperationResult, operation: OperationMap) -> int | None:
        if operation.total is None:
            return None
        total = self._read(result, "total", operation.total)
        if isinstance(total, str) and total.isdecimal():
            total = int(total)  # a header is a text
        if not isinstance(total, int) or isinstance(total, bool):
            expected, actual = "the number of all matches", type(total).__name__
            raise self._violation(result, expected, actual, "total", operation.total)
        return total

    def _violation(
        self, result: OperationResult, expected: str, actual: str, key: str, where: str
    ) -> ProtocolViolation:
        line = f"operations.{result.operation}.{key} = {where!r}"
        return self._runner.judge.violation(
            result.operation, expected, actual, line, result.request
        )

    def _repeated_page(self, name: str, result: OperationResult) -> ProtocolViolation:
        paging = self._runner.mapping.operations[name].paging
        return self._runner.judge.violation(
            name,
            "another page",
            "entries that were on a page before",
            f"operations.{name}.paging = {paging.style if paging else None}",
            result.request,
        )
