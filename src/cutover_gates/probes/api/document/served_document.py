"""The questions about the served document: which release it is of, and whether it is whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.hospital import Unsupported
from cutover_gates.probes.api.document import rules
from cutover_gates.probes.api.document.openapi_document import ApiDocument

VERSION = "document-version"
"""The capability of a document that names the release."""
UNLISTED = frozenset({"live", "ready", "release", "describe"})
"""Operations of whoever runs the target, and not of its clients: no document need list them."""
NoteVersion = Callable[..., None]
Used = Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True)
class ServedDocumentAssessments:
    """Answers the checks about the document that the target serves now.

    `releases` are those that may answer now; `release` is the one under judgement. `previous` is
    the recorded document of the release before, None where there is none. `used` are the requests
    of the mapping (`DriverFeatures.used_operations`), `undocumented` those that no document need
    list, each with its reason. `why_no_version` is the declared reason why the version is not the
    release, None where it must be. `note_version` notes whether it is the release all the same.
    """

    document: ApiDocument
    releases: Collection[str]
    release: str
    previous: Mapping[str, Any] | None
    used: Used
    undocumented: Mapping[str, str]
    why_no_version: str | None
    record: Callable[[Assessment], None] = field(repr=False)
    note_version: NoteVersion = field(default=lambda **_: None, repr=False)

    def assess_release(self) -> Assessment:
        """Compare the version of the document with the release that answers.

        Raises `Unsupported` where the version is declared to be another one, and no recorded
        document of the release before shows that this one is new.
        """
        builder = AssessmentBuilder()
        version = str(self.document.document.get("info", {}).get("version", ""))
        if self.why_no_version is not None:
            self.note_version(works=version in self.releases)
        if self.why_no_version is None or version in self.releases:
            builder.checked.append("info.version")
            if version not in self.releases:
                builder.add_finding(
                    rules.RELEASE_NAMED,
                    "info.version",
                    expected=" or ".join(sorted(self.releases)),
                    actual=version or "none",
                )
        if self.previous is not None and self.releases == {self.release}:
            self._compare_with_previous(builder)
        if not builder.checked:
            raise Unsupported(VERSION, self.why_no_version or "")
        builder.figures = {"version": version}
        return self._finish(builder, "release of the API's document")

    def _compare_with_previous(self, builder: AssessmentBuilder) -> None:
        is_same = _normalize(self.document.document) == _normalize(self.previous)
        if is_same and self.why_no_version is not None:
            return  # a release that changes nothing of the API: nothing shows which one it is of
        builder.checked.append("the document of the release before")
        if is_same:
            builder.add_finding(
                rules.NOT_PREVIOUS,
                "document",
                expected="another one than contract.previous_document",
                actual="the same, letter by letter",
            )

    def assess_used_operations(self) -> Assessment:
        """Look for each request of the mapping in the document."""
        builder = AssessmentBuilder()
        root = urlsplit(self.document.root).path.rstrip("/")
        listed = {(one.method, f"{root}{one.path}") for one in self.document.operations}
        for name, requests in self.used.items():
            for method, path in requests:
                shown = f"{method} {path}"
                if name in UNLISTED or shown in self.undocumented:
                    continue
                builder.checked.append(f"{name}: {shown}")
                if not any(method == other and matches_path(path, own) for other, own in listed):
                    actual = "the document lists no such operation"
                    builder.add_finding(
                        rules.USED_OPERATIONS_LISTED, f"{name}: {shown}", actual=actual
                    )
        for name, problem in self.document.lost.items():
            # The release before listed it, or the mapping itself requests it.
            builder.checked.append(name)
            builder.add_finding(rules.MEANINGS_LISTED, name, actual=problem)
        return self._finish(builder, "operations of the mapping in the API's document")

    def _finish(self, builder: AssessmentBuilder, title: str) -> Assessment:
        assessment = builder.build(title)
        self.record(assessment)
        return assessment


def _normalize(document: Any) -> str:
    return json.dumps(document, sort_keys=True)


def matches_path(used: str, documented: str) -> bool:
    """Return whether a path of the mapping may be one of the document, part by part."""
    ours, theirs = used.strip("/").split("/"), documented.strip("/").split("/")
    if len(ours) != len(theirs):
        return False
    return all(
        "{}" in one or "{" in other or one == other for one, other in zip(ours, theirs, strict=True)
    )
