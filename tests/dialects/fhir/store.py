"""The store of this server: every version of every resource, in memory."""

from __future__ import annotations

import copy
import threading
import unicodedata
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.dialects.fhir import rules
from tests.dialects.fhir.outcome import No, not_known
from tests.dialects.fhir.rules import Resource


@dataclass
class Kept:
    """The versions of a resource, oldest first (None: deleted), and its facility."""

    facility: str
    versions: list[Resource | None] = field(default_factory=list)

    @property
    def current(self) -> Resource | None:
        return self.versions[-1]


class Store:
    """All resources of one server.

    A caller belongs to a facility, and does not see resources of another one.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._kept: dict[tuple[str, str], Kept] = {}

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Undo all changes of the block where it raises an error."""
        with self.lock:
            before = {
                key: Kept(kept.facility, list(kept.versions)) for key, kept in self._kept.items()
            }
            try:
                yield
            except BaseException:
                self._kept = before
                raise

    # -- one resource

    def read(self, facility: str, kind: str, thing_id: str) -> Resource:
        current = self._of(facility, kind, thing_id).current
        if current is None:
            raise No(410, "deleted", f"this {kind} was deleted")
        return current

    def version(self, facility: str, kind: str, thing_id: str, version: str) -> Resource:
        versions = self._of(facility, kind, thing_id).versions
        found = (
            versions[int(version) - 1]
            if version.isdigit() and 0 < int(version) <= len(versions)
            else None
        )
        if found is None:
            raise not_known("version")
        return found

    def history(self, facility: str, kind: str, thing_id: str) -> list[Resource]:
        """Return the versions, newest first, without deletions."""
        return [
            version
            for version in reversed(self._of(facility, kind, thing_id).versions)
            if version is not None
        ]

    def create(
        self, facility: str, resource: Resource, once: dict[str, str] | None = None
    ) -> tuple[Resource, bool]:
        """Return the resource, and whether it is new.

        With `once`, a resource that the search finds is not created again.
        """
        kind = resource["resourceType"]
        taken = rules.taken(copy.deepcopy(resource))
        with self.lock:
            if once is not None and (found := self.search(facility, kind, once)):
                if len(found) > 1:
                    raise No(412, "multiple-matches", "more than one is like this")
                return found[0], False
            self._unique(taken, None)
            self._refers(facility, taken)
            thing_id = str(uuid.uuid4())
            self._kept[kind, thing_id] = Kept(facility)
            return self.keep(kind, thing_id, taken), True

    def update(self, facility: str, resource: Resource, version: str | None) -> Resource:
        kind, thing_id = resource["resourceType"], resource["id"]
        with self.lock:
            before = self.read(facility, kind, thing_id)
            if version is not None and version != etag(before):
                raise No(412, "conflict", "it was changed meanwhile")
            taken = rules.taken(copy.deepcopy(resource))
            if kind == "Encounter":
                self.follows(before, taken)
            self._unique(taken, thing_id)
            self._refers(facility, taken)
            return self.keep(kind, thing_id, taken)

    def delete(self, facility: str, kind: str, thing_id: str) -> None:
        with self.lock:
            kept = self._of(facility, kind, thing_id)
            if kept.current is not None:
                kept.versions.append(None)

    def follows(self, before: Resource, after: Resource) -> None:
        rules.may_follow(before, after)

    def keep(self, kind: str, thing_id: str, resource: Resource) -> Resource:
        """Store the next version."""
        versions = self._kept[kind, thing_id].versions
        meta = {
            **resource.get("meta", {}),
            "versionId": str(len(versions) + 1),
            "lastUpdated": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        versions.append({**resource, "id": thing_id, "meta": meta})
        return versions[-1] or {}

    # -- many

    def search(self, facility: str, kind: str, asked: dict[str, str]) -> list[Resource]:
        with self.lock:
            found = [
                kept.current
                for (name, _), kept in self._kept.items()
                if name == kind and kept.facility == facility
            ]
        return [
            resource
            for resource in found
            if resource is not None
            and all(matches(resource, name, value) for name, value in asked.items())
        ]

    # -- below

    def _of(self, facility: str, kind: str, thing_id: str) -> Kept:
        kept = self._kept.get((kind, thing_id))
        if kept is None or kept.facility != facility or not kept.versions:
            raise not_known(kind)
        return kept

    def _unique(self, resource: Resource, own_id: str | None) -> None:
        number = rules.mrn_of(resource)
        if resource["resourceType"] != "Patient" or number is None:
            return
        for (kind, thing_id), kept in self._kept.items():
            if (
                kind == "Patient"
                and thing_id != own_id
                and kept.current
                and rules.mrn_of(kept.current) == number
            ):
                raise No(409, "duplicate", "this record number is taken")

    def _refers(self, facility: str, resource: Resource) -> None:
        """Assert that the patient of the resource exists."""
        about = resource.get("subject") or resource.get("securityContext")
        if about is None and resource["resourceType"] in ("Encounter", "DocumentReference"):
            raise No(
                422,
                "required",
                "whom it is about is missing",
                f"{resource['resourceType']}.subject",
            )
        if about is not None:
            kind, _, thing_id = str(about.get("reference", "")).partition("/")
            try:
                self.read(facility, kind, thing_id)
            except No:
                raise No(422, "processing", "whom it is about is not known") from None


def etag(resource: Resource) -> str:
    return f'W/"{resource["meta"]["versionId"]}"'


def matches(resource: Resource, name: str, value: str) -> bool:
    """Return whether one search parameter matches the resource."""
    if name == "identifier":
        system, _, number = value.rpartition("|")
        return any(
            one.get("value") == _plain(number) and system in ("", one.get("system"))
            for one in resource.get("identifier", [])
        )
    if name == "name":
        texts = [
            text
            for one in resource.get("name", [])
            for text in [one.get("family", ""), *one.get("given", [])]
        ]
        return any(_folded(text).startswith(_folded(_plain(value))) for text in texts)
    if name == "birthdate":
        return bool(resource.get("birthDate") == value)
    if name in ("patient", "subject"):
        return bool(
            resource.get("subject", {}).get("reference")
            == f"Patient/{value.removeprefix('Patient/')}"
        )
    if name == "_id":
        return bool(resource["id"] == value)
    raise No(400, "not-supported", "there is no such search parameter")


def _plain(value: str) -> str:
    for sign in "|$,\\":
        value = value.replace(f"\\{sign}", sign)
    return value


def _folded(text: str) -> str:
    """Return the text without case and accents."""
    parts: Any = unicodedata.normalize("NFD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))
