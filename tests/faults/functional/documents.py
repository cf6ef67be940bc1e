"""Faults of documents: bytes that are lost, changed or mixed up, and files that should not have
been taken.
"""

# What takes a function's place takes what that one took, whether it looks at it or not.

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from reference import paging
from reference.documents import store
from reference.pool import Rows
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import drop_last_entry, fetch_row


class _Documents(FunctionalFault):
    """Whatever is wrong with documents, one item looks after it."""

    item = "document-upload"


# ── bytes ──


class DocumentsLoseTheirLastByte(_Documents):
    """The last line of a letter is missing, and with it the dose."""

    def put_in(self) -> None:
        right = store.content
        replace(store, content=lambda connection, document_id: right(connection, document_id)[:-1])


class _StoredOtherwise(_Documents):
    """Some values change on their way into the database."""

    def stored(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values that become others."""
        raise NotImplementedError

    def put_in(self) -> None:
        insert = store.insert
        replace(
            store,
            insert=lambda connection, document: insert(
                connection, {**document, **self.stored(document)}
            ),
        )


class ABitOfEveryDocumentFlips(_StoredOtherwise):
    """An image shows a shadow that is not there."""

    def stored(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"content": document["content"][:-1] + bytes([document["content"][-1] ^ 1])}


class NotesAreFiledAsLetters(_StoredOtherwise):
    """The note does not open, since the computer takes it for something else."""

    def stored(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"media_type": "application/pdf"} if document["media_type"] == "text/plain" else {}


class AScanOverwritesTheOneBefore(_Documents):
    """Every scanner calls its files alike: yesterday's image is gone."""

    def put_in(self) -> None:
        right = store.insert

        def insert(connection: Rows, document: Mapping[str, Any]) -> store.Document:
            connection.execute(
                "UPDATE documents SET content = %s WHERE patient_id = %s AND file_name = %s",
                [document["content"], document["patient_id"], document["file_name"]],
            )
            return right(connection, document)

        replace(store, insert=insert)


class DocumentsLiveInMemory(_Documents):
    """Everybody can open the document, until the server is restarted."""

    item = "acknowledged-writes"

    def put_in(self) -> None:
        memory: dict[UUID, store.Document] = {}

        def insert(connection: Rows, document: Mapping[str, Any]) -> store.Document:
            kept = {**document, "id": uuid4(), "uploaded_at": datetime.now(UTC)}
            memory[kept["id"]] = kept
            return kept

        def find(connection: Rows, patient_id: UUID, document_id: UUID) -> store.Document | None:
            kept = memory.get(document_id)
            return kept if kept and kept["patient_id"] == patient_id else None

        def page(connection: Rows, patient_id: UUID, place: paging.Place) -> dict[str, Any]:
            found = [kept for kept in memory.values() if kept["patient_id"] == patient_id]
            return {
                "items": found if place.page == 1 else [],
                "page": place.page,
                "page_size": place.page_size,
                "total": len(found),
            }

        replace(
            store,
            insert=insert,
            find=find,
            page=page,
            content=lambda connection, document_id: memory[document_id]["content"],
            delete=lambda connection, document_id: memory.pop(document_id),
        )


# ── descriptions ──


class DocumentsAreDescribedAsAnother(_Documents):
    """The description is the previous document's: the surgeon opens the wrong knee's image."""

    def put_in(self) -> None:
        right = store.find

        def find(connection: Rows, patient_id: UUID, document_id: UUID) -> store.Document | None:
            found = right(connection, patient_id, document_id)
            other = fetch_row(
                connection,
                "SELECT file_name, size, sha256 FROM documents WHERE id <> %s ORDER BY uploaded_at"
                " DESC LIMIT 1",
                document_id,
            )
            return found and {**found, **(other or {})}

        replace(store, find=find)


class TheLatestDocumentIsNotInTheRecord(_Documents):
    """The record ends before the report that everybody waits for."""

    def put_in(self) -> None:
        replace(store, page=drop_last_entry(store.page))
