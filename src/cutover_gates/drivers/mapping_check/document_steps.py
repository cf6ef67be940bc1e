"""The steps on documents: filing and reading them, every allowed type, a cut upload."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cutover_gates.drivers.mapping_check.causes import Cause
from cutover_gates.drivers.mapping_check.check_context import CheckContext, UnexpectedResult
from cutover_gates.drivers.mapping_check.step_results import (
    format_own_value,
    list_two_pages,
    pick_entry,
    require_id,
)
from cutover_gates.hospital import Document, Driver, Upload

CUT_BYTES = 64 * 1024
"""Bytes of the upload that is cut: more than a server reads with the head of a request."""


def upload(context: CheckContext) -> Document:
    """File a document, and require its size."""
    upload = context.files.of_type(context.document_type)
    context.values["upload"] = upload
    document = context.driver.upload(context["clinician"], context["patient"].id, upload)
    size = len(upload.content)
    if document.size not in (None, size):
        key, expected = "answers.document.size", f"{size} bytes, as sent"
        raise UnexpectedResult(Cause.CHANGED_SIZE, key, expected, f"{document.size}")
    return document


def read_document(context: CheckContext) -> Document:
    """Read the description, and compare with what was sent."""
    document = context.driver.document(
        context["clinician"], context["patient"].id, context["document"].id
    )
    require_id(document.id, context["document"].id, "answers.document.id")
    return _require_same(context, context["upload"], document)


def _require_same(context: CheckContext, upload: Upload, document: Document) -> Document:
    # A target that is declared to name files in its own way keeps the type all the same.
    names = ("media_type",) if "file-names" in context.unsupported else ("file_name", "media_type")
    for name in names:
        sent, found = getattr(upload, name), getattr(document, name)
        if sent != found:
            raise UnexpectedResult(
                Cause.CHANGED_DOCUMENT,
                f"answers.document.{name}",
                f"{sent!r}, as it was sent",
                format_own_value(context, found, sent),
            )
    return document


def read_content(context: CheckContext) -> None:
    """Read the bytes, and compare with what was sent."""
    _require_bytes(context, context["document"], context["upload"])


def _require_bytes(context: CheckContext, document: Document, upload: Upload) -> None:
    sent, found = upload.content, context.driver.content(context["clinician"], document)
    if found != sent:
        expected, actual = f"the {len(sent)} bytes that were sent", f"{len(found)} other bytes"
        raise UnexpectedResult(Cause.CHANGED_CONTENT, "operations.content", expected, actual)


def upload_of_type(media_type: str) -> Callable[[CheckContext], Document]:
    """Return the step that files a document of one allowed type."""

    def act(context: CheckContext) -> Document:
        upload = context.files.of_type(media_type)
        document = context.driver.upload(context["clinician"], context["patient"].id, upload)
        return _require_same(context, upload, document)

    return act


def upload_forbidden_type(context: CheckContext) -> None:
    """File a program."""
    program = context.files.of_forbidden_type("application/x-msdownload", "exe")
    context.driver.upload(context["clinician"], context["patient"].id, program)


def upload_second(context: CheckContext) -> Document:
    """File another document."""
    upload = context.files.of_type(context.document_type)
    return context.driver.upload(context["clinician"], context["patient"].id, upload)


def cut_upload(context: CheckContext) -> None:
    """Break an upload off half way, and require that nothing of it is listed."""
    before = {document.id for document in _documents(context, context.driver)}
    upload = context.files.of_type(context.document_type, CUT_BYTES)
    context.driver.cut_upload(context["clinician"], context["patient"].id, upload)
    after = {document.id for document in _documents(context, context.driver)}
    if more := len(after - before):
        raise UnexpectedResult(
            Cause.CUT_UPLOAD_LISTED,
            "operations.documents_of.query",
            "no document of an upload that was cut half way",
            f"{more} in the list",
        )


def list_documents(context: CheckContext) -> Document:
    """List the patient's documents, and return the one of this check."""
    document: Document = context["document"]
    return pick_entry(_documents(context, context.driver), document, "documents_of")


def turn_document_pages(context: CheckContext) -> None:
    """List the documents in pages of one entry."""
    list_two_pages(context, lambda driver: _documents(context, driver), "documents_of")


def _documents(context: CheckContext, driver: Driver) -> Sequence[Document]:
    return driver.documents_of(context["clinician"], context["patient"].id)
