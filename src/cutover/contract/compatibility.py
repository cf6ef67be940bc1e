"""Do the clients that were built for the release before still work?

Its recorded document against that of the release under judgement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cutover.contract.comparing import Change, compared, operations_of
from cutover.contract.schemas import Json
from cutover.evidence import Examination, NotProven
from cutover.settings import SettingsError

SHOWN_OPERATIONS = 3


@dataclass(frozen=True)
class Compatibility:
    """Answers the checks.

    `document` is that of the release under judgement, `recorded` the file with that of the release
    before, if there is one.
    """

    target: str
    release: str
    document: Json = field(repr=False)
    recorded: Path | None
    record: Callable[[Examination], None] = field(default=lambda _examination: None, repr=False)

    def operations(self) -> Examination:
        """Is everything still there that clients ask for?"""
        return self._examined("operations that clients use", "operations")

    def requests(self) -> Examination:
        """Is everything still taken that clients send?"""
        return self._examined("what clients send", "requests")

    def answers(self) -> Examination:
        """Does everything still come back that clients read?"""
        return self._examined("what clients read", "answers")

    def _examined(self, title: str, part: str) -> Examination:
        before = self._before()
        changes = [change for change in compared(before, self.document) if change.part == part]
        told = {
            kind: sentences(change for change in changes if change.difference.kind == kind)
            for kind in ("breaking", "unclear", "added")
        }
        facts = {
            "before": str(before["info"]["version"]),
            "after": str(self.document["info"]["version"]),
            "added": told["added"],
        }
        examination = Examination(
            title,
            tuple(operations_of(before)),
            tuple(told["breaking"]),
            tuple(told["unclear"]),
            facts,
        )
        self.record(examination)
        return examination

    def _before(self) -> Json:
        """The recorded document.

        Raises `NotProven` where there is none, `SettingsError` where it is none.
        """
        key = f"previous_document in [targets.{self.target}.contract]"
        if self.recorded is None:
            raise NotProven(
                "nobody has recorded the API's document of the release before: while that release"
                " runs, save what its OpenAPI address answers (curl -o openapi-before.json …), and"
                f" name the file as {key}"
            )
        document = _read(self.recorded, key)
        if str(document["info"]["version"]) == self.release:
            raise NotProven(
                f"{self.recorded} calls itself {self.release}, which is the release under"
                " judgement: compared with itself every release is compatible. Name that of the"
                f" release before as {key}"
            )
        return document


def sentences(changes: Iterable[Change]) -> list[str]:
    """One sentence for one cause: what a shared schema changes is told where it is met first, with
    the number of the other operations.
    """
    causes: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        found = change.difference
        causes.setdefault(
            (found.schema or f"{change.operation} {change.where}{found.place}", found.said), []
        ).append(change)
    return [_sentence(changes) for changes in causes.values()]


def _sentence(changes: list[Change]) -> str:
    first, found = changes[0], changes[0].difference
    where = f"{first.where}{' ' if first.where and found.place else ''}{found.place}"
    others = [
        name
        for name in dict.fromkeys(change.operation for change in changes)
        if name != first.operation
    ]
    more = f" (also {', '.join(others[:SHOWN_OPERATIONS])}" if others else ""
    more += f" and {len(others) - SHOWN_OPERATIONS} more" if len(others) > SHOWN_OPERATIONS else ""
    return (
        f"{first.operation}{': ' if where else ''}{where}: {found.said}{more}{')' if more else ''}"
    )


def _read(path: Path, key: str) -> Json:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if (
            not str(document["openapi"]).startswith("3.")
            or not isinstance(document["paths"], Mapping)
            or "version" not in document["info"]
        ):
            raise ValueError("no OpenAPI 3 document")
    except OSError as error:
        raise SettingsError(f"{key}: {path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{key}: {path} holds no OpenAPI 3 document in JSON: {error}") from None
    return dict(document)
