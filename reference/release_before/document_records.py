"""Documents of the release before: the database keeps the bytes, and no size and no digest.

Both are computed when they are asked for. A file name is kept as the workstation sent it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql
from pydantic import BaseModel

from reference import paging
from reference.pool import Rows

Record = dict[str, Any]

_COLUMNS = """
    id, patient_id, file_name, media_type, octet_length(content) AS size,
    encode(sha256(content), 'hex') AS sha256, uploaded_by, uploaded_at
"""


class Document(BaseModel):
    """What is known of a document; `size` in bytes, `sha256` in lower-case hexadecimal digits."""

    id: UUID
    patient_id: UUID
    file_name: str
    media_type: str
    size: int
    sha256: str
    uploaded_by: str
    uploaded_at: datetime


def insert(connection: Rows, document: Mapping[str, Any]) -> Record:
    """Insert a document.

    `document` has patient_id, file_name, media_type, content and uploaded_by.
    """
    stored = connection.execute(
        f"""
        INSERT INTO documents (patient_id, file_name, media_type, content, uploaded_by)
        VALUES (%(patient_id)s, %(file_name)s, %(media_type)s, %(content)s, %(uploaded_by)s)
        RETURNING {_COLUMNS}
        """.encode(),
        document,
    ).fetchone()
    assert stored is not None  # The statement returns the row that it wrote.
    return stored


def find(connection: Rows, patient_id: UUID, document_id: UUID) -> Record | None:
    """Return what is known of this patient's document."""
    query = f"SELECT {_COLUMNS} FROM documents WHERE id = %s AND patient_id = %s"
    return connection.execute(query.encode(), [document_id, patient_id]).fetchone()


def page(connection: Rows, patient_id: UUID, place: paging.Place) -> dict[str, Any]:
    """Return a page of a patient's documents, the first uploaded first."""
    source = sql.SQL("FROM documents WHERE patient_id = %s")
    return paging.select(connection, _COLUMNS, source, "uploaded_at, id", [patient_id], place)
