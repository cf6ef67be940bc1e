"""Faults of what is taken: too large, of another kind, under a dangerous name, or only half of it."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import BinaryIO

import psycopg
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reference.documents import files
from reference.settings import UPLOAD_LIMIT, Settings
from tests.faults.fault import replace
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import replay_body, whole_body


class _Uploads(FunctionalFault):
    """Whatever is wrong with what is taken, one item looks after it."""

    item = "document-upload"


class TooLargeDocumentsAreTaken(_Uploads):
    """One film fills the disk, and nobody's report is stored any more."""

    statement = "ALTER TABLE documents DROP CONSTRAINT documents_size_check"

    def put_in(self) -> None:
        replace(files, content=_all_bytes)


def _all_bytes(file: BinaryIO) -> bytes:
    return file.read()


class DocumentsAtTheLimitAreRefused(_Uploads):
    """The scanner is set to the promised size, and every full page is turned away."""

    def put_in(self) -> None:
        replace(files, UPLOAD_LIMIT=UPLOAD_LIMIT - 1)


class ProgramsAreTakenByTheirNames(_Uploads):
    """A program called “report.pdf” is filed, and runs in the hands of whoever opens it."""

    def around(self, app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope.get("method") != "POST" or not scope["path"].endswith("/documents"):
                await app(scope, receive, send)
                return
            named = re.sub(
                rb'(\.pdf"\r\nContent-Type: )[^\r]+',
                rb"\1application/pdf",
                await whole_body(receive),
            )
            await app(scope, replay_body(named, receive), send)

        return wrapped


class PathsInFileNamesAreKept(_Uploads):
    """A file name leads out of its folder, and overwrites something else where it is saved."""

    statement = "ALTER TABLE documents DROP CONSTRAINT documents_file_name_check"

    def put_in(self) -> None:
        replace(files, safe_name=lambda sent: sent)


class StumpsOfCutUploadsAreKept(_Uploads):
    """The network fails during an upload, and half a report lies in the record as if it were whole."""

    def settings(self, settings: Settings) -> Settings:
        self.database = settings.database
        return settings

    def around(self, app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            upload = re.fullmatch(r".*/patients/([^/]+)/documents", scope.get("path", ""))
            came = bytearray()

            async def receive_and_keep() -> Message:
                message = await receive()
                came.extend(message.get("body", b""))
                if message["type"] == "http.disconnect" and upload and came:
                    self.keep(upload[1], bytes(came))
                return message

            await app(scope, receive_and_keep, send)

        return wrapped

    def keep(self, patient_id: str, stump: bytes) -> None:
        with psycopg.connect(self.database) as connection:
            connection.execute(
                "INSERT INTO documents (patient_id, file_name, media_type, content, size, sha256,"
                " uploaded_by) VALUES (%s, 'stump.pdf', 'application/pdf', %s, %s, %s,"
                " 'clinician')",
                [patient_id, stump, len(stump), sha256(stump).hexdigest()],
            )
