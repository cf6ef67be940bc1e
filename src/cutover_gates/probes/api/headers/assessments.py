"""The questions about headers that are put to the target by requests of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from email.message import Message
from email.utils import collapse_rfc2231_value
from urllib.parse import urlsplit

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.core.value_text import format_value
from cutover_gates.hospital import (
    Answer,
    Document,
    Driver,
    ObservedAnswer,
    Operation,
    Session,
    UndocumentedRequest,
)
from cutover_gates.probes.api.headers import rules
from cutover_gates.probes.api.headers.cookies import find_loose_cookies

Capture = Callable[[], AbstractContextManager[list[ObservedAnswer]]]


@dataclass(frozen=True)
class HeaderAssessments:
    """Answers the checks about origins and downloads.

    `operations` returns those of the document; it raises `Unsupported` where no other request than
    theirs can be sent. `allowed_origins` are those of the settings. `values` returns the values of
    the parameters in an operation's path. `capture` yields the answers of a block. `names_files`
    and `types_files`: a download tells the name and the media type of its file. `harmless_cookies`
    open nothing, as the settings say.
    """

    hospital: Driver
    base_url: str
    operations: Callable[[], Sequence[Operation]]
    allowed_origins: tuple[str, ...]
    session: Session
    values: Callable[[Operation], Mapping[str, str]]
    capture: Capture
    names_files: bool
    types_files: bool
    record: Callable[[Assessment], None] = field(repr=False)
    harmless_cookies: Collection[str] = ()

    def assess_cookies(self, acts: Sequence[Callable[[], object]]) -> Assessment:
        """Do `acts`, which sign in or renew a session, and look at the cookies that they set."""
        builder, is_encrypted = AssessmentBuilder(), self.base_url.startswith("https:")
        for act in acts:
            with self.capture() as answers:
                act()
            builder.checked += [f"{answer.method} {answer.path}" for answer in answers]
            for answer in answers:
                builder.findings += find_loose_cookies(
                    answer, is_encrypted=is_encrypted, harmless=self.harmless_cookies
                )
        # An identity provider of its own answers instead of the target.
        builder.checked.append("the answers to a sign-in")
        return self._finish(builder, "cookies of a sign-in")

    def assess_reading_origins(self) -> Assessment:
        """Read every operation as a page of a foreign origin does, and as one of an allowed one."""
        reading = [one for one in self.operations() if one.method == "GET"]
        return self._assess("origins that may read", reading, {})

    def assess_preflights(self) -> Assessment:
        """Ask for every path, as a browser does first, whether a page may send a request to it."""
        paths = dict.fromkeys(one.path for one in self.operations())
        asked = {
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization, content-type",
        }
        options = [UndocumentedRequest("OPTIONS", path, False, frozenset()) for path in paths]
        return self._assess("origins that may send", options, asked)

    def assess_downloads(self, documents: Sequence[tuple[Document, bytes]]) -> Assessment:
        """Download each document twice, and look at the headers of its bytes."""
        builder = AssessmentBuilder()
        downloads: list[ObservedAnswer] = []
        for document, content in documents:
            for _ in range(2):
                with self.capture() as answers:
                    self.hospital.content(self.session, document)
                # In JSON the bytes have no headers of their own, so there is nothing to look at.
                found = [answer for answer in answers if answer.content == content]
                downloads += found
                for answer in found:
                    builder.findings += find_wrong_download(
                        document,
                        answer,
                        names_files=self.names_files,
                        types_files=self.types_files,
                    )
            builder.checked.append(document.media_type)
        builder.findings += find_wrong_tags(downloads)
        builder.figures = {"downloads": len(downloads)}
        return self._finish(builder, "headers of downloads")

    def _assess(
        self, title: str, operations: Sequence[Operation], headers: Mapping[str, str]
    ) -> Assessment:
        builder = AssessmentBuilder()
        for number, operation in enumerate(operations):
            # How an origin is compared is the same for all paths, and whether it is, is not.
            foreign = self._foreign_origins if number == 0 else self._foreign_origins[:1]
            for origin in foreign:
                answer = self._ask(operation, {**headers, "Origin": origin})
                builder.findings += find_allowed_origin(str(operation), origin, answer)
            for origin in self.allowed_origins:
                answer = self._ask(operation, {**headers, "Origin": origin})
                builder.findings += find_refused_origin(str(operation), origin, answer)
            builder.checked.append(str(operation))
        return self._finish(builder, title)

    @property
    def _foreign_origins(self) -> tuple[str, ...]:
        """Origins that are not the target's, though some of them look like it."""
        parts = urlsplit(self.allowed_origins[0] if self.allowed_origins else self.base_url)
        host = parts.hostname or ""
        return (
            "https://foreign.example",
            "null",
            f"https://{host}.foreign.example",
            f"https://foreign{host}",
        )

    def _ask(self, operation: Operation, headers: Mapping[str, str]) -> Answer:
        request = UndocumentedRequest(
            operation.method, operation.path, operation.protected, frozenset(), headers=headers
        )
        # A preflight never shows a token: browsers send none.
        session = None if operation.method == "OPTIONS" else self.session
        return self.hospital.attempt(request, session, self.values(operation))

    def _finish(self, builder: AssessmentBuilder, title: str) -> Assessment:
        assessment = builder.build(title)
        self.record(assessment)
        return assessment


def find_allowed_origin(subject: str, origin: str, answer: Answer) -> Iterator[Finding]:
    """Yield a finding where a foreign origin is allowed, or every one with credentials."""
    allowed = answer.headers.get("access-control-allow-origin", "").strip()
    credentials = answer.headers.get("access-control-allow-credentials", "").strip().lower()
    if allowed.lower() == origin.lower() or (allowed == "*" and credentials == "true"):
        yield Finding(
            rules.FOREIGN_ORIGIN_REFUSED,
            f"{subject} from {origin}",
            "no such access-control-allow-origin",
            f"{allowed}{' with credentials' if credentials == 'true' else ''}",
        )


def find_refused_origin(subject: str, origin: str, answer: Answer) -> Iterator[Finding]:
    """Yield a finding where an origin of the settings is not allowed."""
    allowed = answer.headers.get("access-control-allow-origin", "").strip().lower()
    if allowed not in (origin, "*"):
        actual = allowed or "no access-control-allow-origin"
        yield Finding(rules.OWN_ORIGIN_ALLOWED, f"{subject} from {origin}", origin, actual)


def find_wrong_download(
    document: Document, answer: ObservedAnswer, *, names_files: bool, types_files: bool = True
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
