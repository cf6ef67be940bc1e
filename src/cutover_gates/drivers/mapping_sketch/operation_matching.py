"""Which operation of a document is which of ours: by methods, paths and bodies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cutover_gates.drivers.mapping_sketch.audit_log_matching import AUDIT, find_audit_log
from cutover_gates.drivers.mapping_sketch.document_outline import (
    DocumentOutline,
)
from cutover_gates.drivers.mapping_sketch.field_names import (
    MOVE_WORDS,
    PASSWORD,
    find_field,
    find_name,
    normalize,
)
from cutover_gates.drivers.mapping_sketch.outlined_operation import OutlinedOperation

RESOURCES = {
    "patient": ("patients", "people", "persons", "residents", "clients", "subjects"),
    "visit": ("visits", "encounters", "stays", "admissions", "consultations", "appointments"),
    "document": ("documents", "files", "papers", "attachments", "uploads", "scans"),
}
"""The names of collections, the most usual first."""
_OF_COLLECTION = {"register": "patient", "open_visit": "visit", "upload": "document"}
_OF_LIST = {"search": "patient", "visits_of": "visit", "documents_of": "document"}
_BYTES = ("content", "bytes", "file", "download", "raw", "data", "binary")
_STATE = ("state", "status", "stage", "events", "transitions", "moves", "actions")
_NO_SIGN_IN = ("reset", "change", "forgot", "register", "users", "signup")
_SIGN_OUT = ("signout", "logout", "revoke")
_ALIVE = ("live", "livez", "liveness", "alive", "healthz", "ping", "up", "health")
_READY = ("ready", "readyz", "readiness", "status", "health")
_RELEASE = ("version", "release", "about", "info", "edition", "build")


@dataclass(frozen=True)
class Collection:
    """The operations on one kind of thing: on all of them, and on one."""

    path: str
    of_all: dict[str, OutlinedOperation]
    of_one: dict[str, OutlinedOperation]

    @property
    def nested(self) -> bool:
        """Whether it stands below another thing."""
        return "{" in self.path


class OperationMatcher:
    """Finds our operations in a document."""

    def __init__(self, outline: DocumentOutline) -> None:
        self.outline = outline
        self.collections = {kind: self._collection(kind) for kind in RESOURCES}

    def match(self) -> dict[str, OutlinedOperation]:
        """Return the operation of the document for each of ours that has one."""
        found: dict[str, OutlinedOperation | None] = {}
        for name, kind in _OF_COLLECTION.items():
            found[name] = self._of_all(kind, "POST")
        for name, kind in _OF_LIST.items():
            found[name] = self._of_all(kind, "GET")
        for kind in RESOURCES:
            found[kind] = self._of_one(kind, "GET")
            found[f"retire_{kind}"] = self._of_one(kind, "DELETE")
        found["update"] = self._of_one("patient", "PUT", "PATCH")
        found |= self._moves()
        found["content"] = self._content()
        found |= self._sessions()
        found["live"] = self._plain_get(_ALIVE)
        found["ready"] = self._plain_get(_READY)
        found["release"] = self._plain_get(_RELEASE)
        found[AUDIT] = find_audit_log(self.outline.operations)
        return {name: operation for name, operation in found.items() if operation is not None}

    # -- things

    def _collection(self, kind: str) -> Collection | None:
        candidates: dict[str, tuple[tuple[int, ...], Collection]] = {}
        for operation in self.outline.operations:
            rank = _rank(operation.last, RESOURCES[kind])
            if rank is None or operation.ends_with_parameter:
                continue
            collection = self._at(operation.path)
            # Patients stand below a facility at most; a visit's list of people is another thing.
            nested = int(kind == "patient" and collection.nested)
            methods = len({"POST", "GET"} & set(collection.of_all)) + bool(collection.of_one)
            order = (-methods, nested, rank, len(operation.segments))
            candidates[operation.path] = order, collection
        if not candidates:
            return None
        return min(candidates.values(), key=lambda pair: pair[0])[1]

    def _at(self, path: str) -> Collection:
        base = path.rstrip("/")
        of_all: dict[str, OutlinedOperation] = {}
        of_one: dict[str, OutlinedOperation] = {}
        for operation in self.outline.operations:
            own = operation.path.rstrip("/")
            if own == base:
                of_all[operation.method] = operation
            elif operation.ends_with_parameter and own.rpartition("/")[0] == base:
                of_one[operation.method] = operation
        return Collection(path, of_all, of_one)

    def _of_all(self, kind: str, method: str) -> OutlinedOperation | None:
        collection = self.collections[kind]
        return collection.of_all.get(method) if collection else None

    def _of_one(self, kind: str, *methods: str) -> OutlinedOperation | None:
        collection = self.collections[kind]
        if collection is None:
            return None
        return next((collection.of_one[one] for one in methods if one in collection.of_one), None)

    def _below(self, kind: str) -> list[OutlinedOperation]:
        """Return the operations one segment below a single thing of a kind."""
        collection = self.collections[kind]
        if collection is None:
            return []
        size = collection.path.strip("/").count("/") + 1
        base = collection.path.rstrip("/") + "/{"
        return [
            one
            for one in self.outline.operations
            if one.path.startswith(base) and len(one.segments) == size + 2
        ]

    def _moves(self) -> dict[str, OutlinedOperation | None]:
        writing = [one for one in self._below("visit") if one.method in ("POST", "PUT", "PATCH")]
        shared = next((one for one in writing if normalize(one.last) in _STATE), None)
        shared = shared or self._of_one("visit", "PATCH", "PUT")
        moves: dict[str, OutlinedOperation | None] = {}
        for move, words in MOVE_WORDS.items():
            own = find_name([one.last for one in writing], words)
            moves[move] = next((one for one in writing if one.last == own), shared)
        return moves

    def _content(self) -> OutlinedOperation | None:
        reading = [one for one in self._below("document") if one.method == "GET"]
        name = find_name([one.last for one in reading], _BYTES)
        return next((one for one in reading if one.last == name), None)

    # -- sessions, and the target itself

    def _sessions(self) -> dict[str, OutlinedOperation | None]:
        posts = [one for one in self.outline.operations if one.method == "POST"]
        sign_in = _shortest(one for one in posts if self._takes_password(one))
        leaving = [one for one in self.outline.operations if _leaves(one)]
        if sign_in is not None:
            leaving += [
                one
                for one in self.outline.operations
                if one.method == "DELETE" and one.path == sign_in.path
            ]
        return {
            "sign_in": sign_in,
            "refresh": _shortest(one for one in posts if "refresh" in normalize(one.last)),
            "sign_out": _shortest(leaving),
        }

    def _takes_password(self, operation: OutlinedOperation) -> bool:
        path = normalize(operation.path)
        if any(word in path for word in _NO_SIGN_IN):
            return False
        fields = self.outline.fields_of(operation.body)
        return find_field(fields, PASSWORD) is not None and len(fields) <= 6

    def _plain_get(self, words: Sequence[str]) -> OutlinedOperation | None:
        found = [
            (rank, len(one.segments), one)
            for one in self.outline.operations
            if one.method == "GET"
            and "{" not in one.path
            and (rank := _rank(one.last, words)) is not None
        ]
        return min(found, key=lambda entry: entry[:2])[2] if found else None


def _leaves(operation: OutlinedOperation) -> bool:
    """Return whether an operation ends a session, by its path."""
    path = normalize(operation.path)
    return operation.method in ("POST", "DELETE") and any(word in path for word in _SIGN_OUT)


def _rank(segment: str, words: Sequence[str]) -> int | None:
    """Return how usual a segment is among words in the plural or singular; None if it is none."""
    own = normalize(segment)
    for rank, word in enumerate(words):
        known = normalize(word)
        if own in (known, known.removesuffix("s")):
            return rank
    return None


def _shortest(operations: Iterable[OutlinedOperation]) -> OutlinedOperation | None:
    return min(operations, key=lambda one: (len(one.segments), len(one.path)), default=None)
