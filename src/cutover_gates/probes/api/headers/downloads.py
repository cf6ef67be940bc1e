"""The headers of a download: its type, its name, and its tag."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from email.message import Message
from email.utils import collapse_rfc2231_value

from cutover_gates.core.findings import Finding
from cutover_gates.core.value_text import format_value
from cutover_gates.hospital import Document, ObservedAnswer
from cutover_gates.probes.api.headers import rules


def find_wrong_download(
    document: Document,
    answer: ObservedAnswer,
    *,
    names_files: bool = True,
    types_files: bool = True,
) -> Iterator[Finding]:
    """Yield what is wrong with the headers of a document's bytes.

    `names_files`: the header with the name must be there. Where it is, it must be right anyway.
    `types_files`: the media type must be that of the document.
    """
    subject = f"download of {document.media_type}"
    if types_files and answer.media_type != document.media_type.lower():
        actual = answer.media_type or "no content-type"
        yield Finding(rules.DOWNLOAD_TYPE, subject, document.media_type, actual)
    text = answer.headers.get("content-disposition", "")
    if not text and not names_files:
        return
    disposition, name = parse_disposition(text)
    if disposition != "attachment" or name != document.file_name:
        expected = f"attachment, {format_value(document.file_name)}"
        actual = f"{disposition}, {format_value(name)}" if text else "no content-disposition"
        yield Finding(rules.DOWNLOAD_NAME, subject, expected, actual)


def find_wrong_tags(downloads: Sequence[ObservedAnswer]) -> Iterator[Finding]:
    """Yield a finding where one address gave the same bytes with several ETags.

    Two addresses may share one (RFC 9110, 8.8.3): many servers count versions, each from 1.
    """
    tags: dict[tuple[str, str], set[str]] = {}
    for answer in downloads:
        if tag := answer.headers.get("etag", ""):
            digest = hashlib.sha256(answer.content).hexdigest()
            tags.setdefault((answer.path, digest), set()).add(tag)
    for several in tags.values():
        if len(several) > 1:
            actual = f"{len(several)} ETags in two downloads"
            yield Finding(rules.DOWNLOAD_TAG, "the same document", "one ETag", actual)


def parse_disposition(text: str) -> tuple[str, str]:
    """Return the disposition and the file name of a Content-Disposition (RFC 6266).

    A name in UTF-8 (`filename*`) goes before the plain one.
    """
    message = Message()
    message["content-disposition"] = text
    parameters = message.get_params([], "content-disposition")
    names = [value for key, value in parameters if key.lower() == "filename"]
    # The library reads `filename*` as a tuple of charset, language and text.
    names.sort(key=lambda value: isinstance(value, str))
    name = collapse_rfc2231_value(names[0]) if names else ""
    return text.partition(";")[0].strip().lower(), name
