"""The questions about headers that are put to the target by requests of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.hospital import (
    Answer,
    Document,
    Driver,
    ObservedAnswer,
    Operation,
    Session,
    UndocumentedRequest,
)
from cutover_gates.hospital.matchers import TargetCapabilities
from cutover_gates.probes.api.headers import rules
from cutover_gates.probes.api.headers.cookies import find_loose_cookies
from cutover_gates.probes.api.headers.downloads import find_wrong_download, find_wrong_tags

NAMES, TYPES = "download-names", "download-types"
"""Capabilities of a download's own headers."""
Capture = Callable[[], AbstractContextManager[list[ObservedAnswer]]]


@dataclass(frozen=True)
class HeaderAssessments:
    """Answers the checks about origins and downloads.

    `operations` returns those of the document; it raises `Unsupported` where no other request than
    theirs can be sent. `allowed_origins` are those of the settings. `values` returns the values of
    the parameters in an operation's path. `capture` yields the answers of a block. `capabilities`
    say whether a download tells the name and the media type of its file. `harmless_cookies` open
    nothing, as the settings say.
    """

    hospital: Driver
    base_url: str
    operations: Callable[[], Sequence[Operation]]
    allowed_origins: tuple[str, ...]
    session: Session
    values: Callable[[Operation], Mapping[str, str]]
    capture: Capture
    capabilities: TargetCapabilities
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
                    builder.findings += self._judge_download(document, answer)
            builder.checked.append(document.media_type)
        builder.findings += find_wrong_tags(downloads)
        builder.figures = {"downloads": len(downloads)}
        return self._finish(builder, "headers of downloads")

    def _judge_download(self, document: Document, answer: ObservedAnswer) -> list[Finding]:
        """Return what is wrong with a download. What is declared absent is looked for, too."""
        lacks, whole = self.capabilities.lacks, find_wrong_download(document, answer)
        broken = {finding.rule for finding in whole}
        for name, rule in {NAMES: rules.DOWNLOAD_NAME, TYPES: rules.DOWNLOAD_TYPE}.items():
            if lacks(name):
                self.capabilities.note(name, works=rule not in broken)
        found = find_wrong_download(
            document, answer, names_files=not lacks(NAMES), types_files=not lacks(TYPES)
        )
        return list(found)

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
