"""Documents in the database.

Like a visit, a document is found under its patient only. Lists and metadata never load the bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg import sql

from reference import paging
from reference.pool import Rows

Document = dict[str, Any]

_COLUMNS = "id, patient_id, file_name, media_type, size, sha256, tag, uploaded_by, uploaded_at"


def insert(connection: Rows, document: Mapping[str, Any]) -> Document:
    """Insert a document.

    `document` has patient_id, file_name, media_type, content, size, sha256, tag and uploaded_by.
    """
    stored = connection.execute(
        f"""
        INSERT INTO documents
            (patient_id, file_name, media_type, content, size, sha256, tag, uploaded_by)
        VALUES (%(patient_id)s, %(file_name)s, %(media_type)s, %(content)s, %(size)s, %(sha256)s,
            %(tag)s, %(uploaded_by)s)
        RETURNING {_COLUMNS}
        """.encode(),
        document,
    ).fetchone()
    assert stored is not None  # The statement returns the row that it wrote.
    return stored


def find(connection: Rows, patient_id: UUID, document_id: UUID) -> Document | None:
    """Return the metadata of this patient's document."""
    query = f"SELECT {_COLUMNS} FROM documents WHERE id = %s AND patient_id = %s"
    return connection.execute(query.encode(), [document_id, patient_id]).fetchone()


def content(connection: Rows, document_id: UUID) -> bytes:
    """Return the bytes, as they were uploaded."""
    row = connection.execute(
        "SELECT content FROM documents WHERE id = %s", [document_id], binary=True
    ).fetchone()
    assert row is not None  # It was found in the same transaction.
    return bytes(row["content"])


def page(connection: Rows, patient_id: UUID, place: paging.Place) -> dict[str, Any]:
    """Return a page of a patient's documents, the first uploaded first."""
    return paging.select(
        connection,
        _COLUMNS,
        sql.SQL("FROM documents WHERE patient_id = %s"),
        "uploaded_at, id",
        [patient_id],
        place,
    )


def delete(connection: Rows, document_id: UUID) -> None:
    """Remove a document."""
    connection.execute("DELETE FROM documents WHERE id = %s", [document_id])
