"""Faults of searches and lists: too many, too few, or not what the record itself says."""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from psycopg import sql

from reference import paging
from reference.patients import store
from reference.pool import Rows
from reference.visits import store as visits
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault

Page = dict[str, Any]
CRITERIA = ("mrn", "name", "birth_date")


class _Search(FunctionalFault):
    """A search answers otherwise."""

    item = "patient-creation"

    def search(
        self, connection: Rows, facility: str | None, place: paging.Place, wanted: dict[str, Any]
    ) -> Page:
        """Answer the search. `self.right` is the search as it was."""
        raise NotImplementedError

    def put_in(self) -> None:
        self.right = store.search

        def search(
            connection: Rows, facility: str | None, place: paging.Place, **wanted: Any
        ) -> Page:
            return self.search(connection, facility, place, wanted)

        replace(store, search=search)


# ── found too much ──


class SearchesByTwoValuesFindEither(_Search):
    """A name and a birth date bring all of the name: the first of the list gets the blood."""

    def search(
        self, connection: Rows, facility: str | None, place: paging.Place, wanted: dict[str, Any]
    ) -> Page:
        given = [name for name in CRITERIA if wanted[name] is not None]
        if len(given) < 2:
            return self.right(connection, facility, place, **wanted)
        pages = [self.right(connection, facility, place, **{name: wanted[name]}) for name in given]
        found = {item["id"]: item for page in pages for item in page["items"]}
        return {**pages[0], "items": list(found.values())[: place.page_size], "total": len(found)}


class ASearchForNobodyShowsEverybody(_Search):
    """Nobody has the name on the bracelet, and somebody's chart opens all the same."""

    also: ClassVar[Mapping[str, str]] = {
        "access-control": "a search for somebody of another facility finds nobody, so it shows all"
    }

    def search(
        self, connection: Rows, facility: str | None, place: paging.Place, wanted: dict[str, Any]
    ) -> Page:
        found = self.right(connection, facility, place, **wanted)
        is_for_nobody = wanted["name"] is not None and not found["total"]
        return self.right(connection, facility, place) if is_for_nobody else found


class _Conditions(FunctionalFault):
    """A condition of the search is another one."""

    item = "patient-creation"
    before: ClassVar[str]
    after: ClassVar[str]

    def put_in(self) -> None:
        replace(
            store,
            _condition=lambda text: sql.SQL(self.after if text == self.before else text),
        )


class SearchesMissGivenNames(_Conditions):
    """Only family names are looked at: the child is registered a second time."""

    before = "strpos(search_key, upper(%s)) > 0"
    after = "strpos(upper(family_name), upper(%s)) > 0"


class SearchesForApostrophesFindNobody(_Conditions):
    """The quote is doubled twice: O'Brien, allergic to penicillin, is not known here."""

    before = "strpos(search_key, upper(%s)) > 0"
    after = "strpos(search_key, upper(replace(%s, '''', ''''''))) > 0"


# ── whom they are shown to ──


class SearchesByNameLeaveTheFacility(_Search):
    """One branch of the query forgot the facility: a neighbour reads who is treated where."""

    item = "access-control"

    def search(
        self, connection: Rows, facility: str | None, place: paging.Place, wanted: dict[str, Any]
    ) -> Page:
        by_name = wanted["name"] is not None and wanted["mrn"] is None
        return self.right(connection, None if by_name else facility, place, **wanted)


class SearchesByBirthDateLeaveTheFacility(_Search):
    """A birth date is enough to read who of the town is treated in the other hospital."""

    item = "access-control"

    def search(
        self, connection: Rows, facility: str | None, place: paging.Place, wanted: dict[str, Any]
    ) -> Page:
        asked = [name for name in CRITERIA if wanted[name] is not None]
        here = None if asked == ["birth_date"] else facility
        return self.right(connection, here, place, **wanted)


class TotalsCountOtherFacilities(_Search):
    """The list is empty, and its total says that he is a patient of the psychiatry."""

    item = "access-control"

    def search(
        self, connection: Rows, facility: str | None, place: paging.Place, wanted: dict[str, Any]
    ) -> Page:
        found = self.right(connection, facility, place, **wanted)
        return {**found, "total": self.right(connection, None, place, **wanted)["total"]}


# ── lists that differ from the record ──


class SearchesShowAnotherBirthDate(_Search):
    """The list has a conversion of its own: two of a name are told apart by a wrong date."""

    def search(
        self, connection: Rows, facility: str | None, place: paging.Place, wanted: dict[str, Any]
    ) -> Page:
        found = self.right(connection, facility, place, **wanted)
        items = [
            {**item, "birth_date": item["birth_date"] - timedelta(days=1)}
            for item in found["items"]
        ]
        return {**found, "items": items}


class ListsOfVisitsShowEveryoneAsOpen(FunctionalFault):
    """The list is a copy that nobody refreshes: who lies in a bed is still expected."""

    item = "visit-creation"

    def put_in(self) -> None:
        right = visits.page

        def page(connection: Rows, patient_id: Any, place: paging.Place) -> Page:
            found = right(connection, patient_id, place)
            return {**found, "items": [{**item, "status": "open"} for item in found["items"]]}

        replace(visits, page=page)
