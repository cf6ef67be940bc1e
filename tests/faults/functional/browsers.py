"""Faults that only browsers meet: they accept languages and compressed answers."""

from __future__ import annotations

import gzip
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp

from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import ResponseDraft, rewrite_responses


class SomeBrowsersReadOtherDates(FunctionalFault):
    """A workstation set to German reads 03.04. for the fourth of March."""

    item = "api-endpoints"

    def around(self, app: ASGIApp) -> ASGIApp:
        def change(answer: ResponseDraft) -> None:
            if Headers(scope=answer.scope).get("accept-language", "").startswith("de"):
                answer.body = re.sub(
                    rb'("birth_date":\s*")(\d{4})-(\d\d)-(\d\d)"', rb'\1\4.\3.\2"', answer.body
                )

        return rewrite_responses(app, change)


class CompressedRecordsAreAnothers(FunctionalFault):
    """The new proxy keeps what it compressed by the length: browsers show another chart."""

    item = "api-endpoints"

    def around(self, app: ASGIApp) -> ASGIApp:
        kept: dict[int, bytes] = {}

        def change(answer: ResponseDraft) -> None:
            accepted = Headers(scope=answer.scope).get("accept-encoding", "")
            read = answer.scope["method"] == "GET" and answer.status == 200
            if "gzip" not in accepted or not read or b'"mrn"' not in answer.body:
                return
            body = kept.setdefault(len(answer.body), gzip.compress(answer.body))
            answer.body = body
            answer.headers["content-encoding"] = "gzip"

        return rewrite_responses(app, change)
