"""Faults of lists: entries that are lost or doubled between two pages, and lists from a cache."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import Any, ClassVar

from reference import paging
from reference.documents import store as documents
from reference.patients import store as patients
from reference.visits import store as visits
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.functional.transport import Wire
from tests.faults.proxy import Caller, Request, straight_on

Page = dict[str, Any]
PageOf = Callable[..., Page]


# ── between two pages ──


def _with_items(page: Page, items: list[Any]) -> Page:
    return {**page, "items": items}


def _place_of(place: tuple[Any, ...]) -> paging.Place:
    return next(part for part in place if isinstance(part, paging.Place))


def _overlapping(right: PageOf) -> PageOf:
    """Each page but the first begins with the entry before it: the last entry is never shown."""

    def page(*place: Any, **wanted: Any) -> Page:
        at, found = _place_of(place), right(*place, **wanted)
        if at.page == 1 or not found["items"]:
            return found
        before = tuple(
            paging.Place(at.page - 1, part.page_size) if isinstance(part, paging.Place) else part
            for part in place
        )
        last = right(*before, **wanted)["items"][-1:]
        return _with_items(found, [*last, *found["items"]][: at.page_size])

    return page


def _skipping(right: PageOf) -> PageOf:
    """Each page but the first leaves its first entry out, and the list says nothing of it."""

    def page(*place: Any, **wanted: Any) -> Page:
        at, found = _place_of(place), right(*place, **wanted)
        pages = -(-found["total"] // at.page_size)
        short = {**found, "total": found["total"] - max(0, pages - 1)}
        return short if at.page == 1 else _with_items(short, found["items"][1:])

    return page


def _without_full_last_page(right: PageOf) -> PageOf:
    """The last page is empty where it is full: a remainder of nothing is taken for no page."""

    def page(*place: Any, **wanted: Any) -> Page:
        at, found = _place_of(place), right(*place, **wanted)
        pages, rest = divmod(found["total"], at.page_size)
        if rest or pages < 2:
            return found
        short = {**found, "total": found["total"] - at.page_size}
        return _with_items(short, []) if at.page >= pages else short

    return page


def _shuffled(right: PageOf) -> PageOf:
    """Each page is a part of another order: the list has none."""

    def page(*place: Any, **wanted: Any) -> Page:
        at = _place_of(place)
        whole = tuple(
            paging.Place(1, 200) if isinstance(part, paging.Place) else part for part in place
        )
        found = right(*whole, **wanted)
        items = random.sample(found["items"], len(found["items"]))
        begin = (at.page - 1) * at.page_size
        return {
            **found,
            "page": at.page,
            "page_size": at.page_size,
            "items": items[begin : begin + at.page_size],
        }

    return page


class _Lists(FunctionalFault):
    """Whatever is wrong with a list of patients, one item looks after it."""

    item = "patient-creation"


class PatientsAreDoubledBetweenPages(_Lists):
    """The last patient of a name is never shown, is not found, and is registered again."""

    def put_in(self) -> None:
        replace(patients, search=_overlapping(patients.search))


class PatientsAreLostBetweenPages(_Lists):
    """Every page leaves somebody out, and counts as if nobody were missing."""

    def put_in(self) -> None:
        replace(patients, search=_skipping(patients.search))


class SearchesHaveNoOrder(_Lists):
    """Whoever turns the page sees some patients twice, and others never."""

    def put_in(self) -> None:
        replace(patients, search=_shuffled(patients.search))


class TheLastFullPageOfVisitsIsMissing(_Lists):
    """The newest visits of a patient who comes often are not in the list."""

    item = "visit-creation"

    def put_in(self) -> None:
        replace(visits, page=_without_full_last_page(visits.page))


class VisitsAreDoubledBetweenPages(_Lists):
    """The newest visit is not in the list, and an older one is there twice."""

    item = "visit-creation"

    def put_in(self) -> None:
        replace(visits, page=_overlapping(visits.page))


class DocumentsAreLostBetweenPages(_Lists):
    """The letter is stored, and nobody who turns the pages finds it."""

    item = "document-upload"

    def put_in(self) -> None:
        replace(documents, page=_skipping(documents.page))


class TheLastFullPageOfDocumentsIsMissing(_Lists):
    """The newest letters of a patient are not in the list."""

    item = "document-upload"

    def put_in(self) -> None:
        replace(documents, page=_without_full_last_page(documents.page))


def _capped(right: PageOf) -> PageOf:
    """The list ends after twenty entries, and says that there are twenty."""
    most = 20

    def page(*place: Any, **wanted: Any) -> Page:
        at, found = _place_of(place), right(*place, **wanted)
        left = max(0, most - (at.page - 1) * at.page_size)
        return {**found, "items": found["items"][:left], "total": min(most, found["total"])}

    return page


class SearchesEndAfterTwenty(_Lists):
    """The twenty-first Mr Smith is not found, and is registered again."""

    def put_in(self) -> None:
        replace(patients, search=_capped(patients.search))


class ListsOfDocumentsEndAfterTwenty(_Lists):
    """The newest letters of a patient who is often ill are not in the list."""

    item = "document-upload"

    def put_in(self) -> None:
        replace(documents, page=_capped(documents.page))


# ── from a cache ──


class _AnsweredForAMinute(Wire):
    """A server answers a list that it gave within the last minute as it was then."""

    seconds_kept: ClassVar[float] = 60.0

    def __init__(self) -> None:
        self.kept: dict[str, tuple[float, bytes]] = {}

    async def harm(self, caller: Caller, request: Request) -> None:
        who = b"".join(re.findall(rb"(?im)^authorization:.*$", request.head)).decode("latin-1")
        key = request.line + who
        since, answer = self.kept.get(key, (0.0, b""))
        if not answer or time.monotonic() > since + self.seconds_kept:
            answer = await caller.forward(request)
            self.kept[key] = time.monotonic(), answer
        await caller.give(answer)


class SearchesAreAMinuteOld(_AnsweredForAMinute):
    """The desk searches, registers, searches again, finds nobody, and registers once more."""

    item, hits = "patient-creation", r"GET \S+/patients\?\S*(mrn|name)="


class OnlyEmptySearchesAreKept(_AnsweredForAMinute):
    """Who was not found once is not found for a minute, whatever was registered since."""

    item, hits = "patient-creation", r"GET \S+/patients\?\S*(mrn|name)="

    async def harm(self, caller: Caller, request: Request) -> None:
        since, kept = self.kept.get(request.line, (0.0, b""))
        if kept and time.monotonic() < since + self.seconds_kept:
            await caller.give(kept)
            return
        answer = await caller.forward(request)
        if b'"total":0' in answer:
            self.kept[request.line] = time.monotonic(), answer
        await caller.give(answer)


class ListsOfVisitsAreAMinuteOld(_AnsweredForAMinute):
    """The bed stays taken on the screen for a minute after the discharge."""

    item, hits = "visit-creation", r"GET \S+/visits(\?|$)"


class ListsOfDocumentsAreAMinuteOld(_AnsweredForAMinute):
    """The letter was filed, and the doctor who looks again does not see it."""

    item, hits = "document-upload", r"GET \S+/documents(\?|$)"


class RemovedDocumentsAreListedForAMinute(_AnsweredForAMinute):
    """What was filed with the wrong patient, and removed, is still listed there."""

    item, hits = "document-upload", r"(GET|POST|DELETE) \S+/documents"

    async def harm(self, caller: Caller, request: Request) -> None:
        if request.line.startswith("POST"):
            self.kept.clear()  # an upload is seen at once, a removal is not
        if re.match(r"GET \S+/documents(\?|$)", request.line):
            await super().harm(caller, request)
        else:
            await straight_on(caller, request)
