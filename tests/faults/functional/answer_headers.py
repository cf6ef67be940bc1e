"""Faults of headers: what answers tell of the inside, where they lead, and who may keep or read them."""

from __future__ import annotations

import json
import re
from typing import ClassVar
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.types import ASGIApp

from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.response_changes import ResponseDraft, rewrite_responses


class _Answers(FunctionalFault):
    """Some answers carry other headers. `hits` is a pattern of "METHOD path status"."""

    item = "api-endpoints"
    hits: ClassVar[str]

    def change(self, answer: ResponseDraft) -> None:
        """Change an answer that is hit."""
        raise NotImplementedError

    def around(self, app: ASGIApp) -> ASGIApp:
        def change(answer: ResponseDraft) -> None:
            scope = answer.scope
            if re.search(self.hits, f"{scope['method']} {scope['path']} {answer.status}"):
                self.change(answer)

        return rewrite_responses(app, change)


class ACreatedRecordNamesTheServerBehind(_Answers):
    """Whoever got in anywhere knows the address of the next machine."""

    hits = "^POST .*/visits 201"

    def change(self, answer: ResponseDraft) -> None:
        answer.headers["x-upstream"] = "10.4.7.21:8080"


class APodIsNamed(_Answers):
    """Whoever reads one answer knows how the cluster names its parts."""

    hits = "^GET .*/documents/[^/]+ 200"

    def change(self, answer: ResponseDraft) -> None:
        answer.headers["x-instance"] = "hospital-backend-6d4cf56db6-x7k2p"


class AConflictTellsTheSoftware(_Answers):
    """Whoever registers a patient twice knows which hole is open."""

    hits = " 409$"

    def change(self, answer: ResponseDraft) -> None:
        answer.headers["x-powered-by"] = "Express"


class ANewRecordLeadsToTheInside(_Answers):
    """The ward's program follows the address of the new patient, and finds no such host."""

    hits = "^POST .*/patients 201"

    def change(self, answer: ResponseDraft) -> None:
        path = answer.headers["location"]
        answer.headers["location"] = f"http://hospital-backend.internal{path}"


class ANewRecordLeadsToAnotherServer(_Answers):
    """The program follows the address of the new patient with the nurse's token."""

    hits = "^POST .*/patients 201"

    def change(self, answer: ResponseDraft) -> None:
        answer.headers["location"] = f"https://old.example.org{answer.headers['location']}"


class AListLeadsToAnotherServer(_Answers):
    """The second page of a list comes from a server that was switched off."""

    hits = "^GET .*/visits 200"

    def change(self, answer: ResponseDraft) -> None:
        body = json.loads(answer.body)
        body["next"] = "https://old.example.org/api/v1/visits?page=2"
        answer.body = json.dumps(body).encode()


class SearchesMayBeKept(_Answers):
    """The next one behind the same proxy who searches gets the patients of another ward."""

    hits = "^GET .*/patients 200"

    def change(self, answer: ResponseDraft) -> None:
        if b"mrn=" in answer.scope["query_string"]:
            answer.headers["cache-control"] = "public, max-age=60"


class ListsMayBeKeptUntilTomorrow(_Answers):
    """A proxy shows yesterday's documents, to whoever asks."""

    hits = "^GET .*/documents 200"

    def change(self, answer: ResponseDraft) -> None:
        if b"page" in answer.scope["query_string"]:
            del answer.headers["cache-control"]
            answer.headers["expires"] = "Fri, 01 Jan 2100 00:00:00 GMT"


class AConflictIsCalledAPage(_Answers):
    """A browser runs what somebody typed into the number of a patient."""

    hits = " 409$"

    def change(self, answer: ResponseDraft) -> None:
        answer.headers["content-type"] = "text/html"


class EveryPageMayReadWithCredentials(_Answers):
    """Any page that a nurse opens reads charts with her session."""

    hits = "^GET "

    def change(self, answer: ResponseDraft) -> None:
        answer.headers["access-control-allow-origin"] = "*"
        answer.headers["access-control-allow-credentials"] = "true"


class EveryOriginIsRepeated(_Answers):
    """Any page that a nurse opens is told that it may read."""

    hits = "^GET .* 200"

    def change(self, answer: ResponseDraft) -> None:
        if origin := Headers(scope=answer.scope).get("origin"):
            answer.headers["access-control-allow-origin"] = origin


class AnOriginIsComparedByItsBeginning(_Answers):
    """Whoever rents a domain that begins like the hospital's may read."""

    hits = "^GET "

    def change(self, answer: ResponseDraft) -> None:
        origin = Headers(scope=answer.scope).get("origin", "")
        if origin.startswith("https://127.0.0.1"):
            answer.headers["access-control-allow-origin"] = origin


class PreflightsAllowEverybody(_Answers):
    """Any page that a nurse opens may send a discharge."""

    hits = "^OPTIONS "

    def change(self, answer: ResponseDraft) -> None:
        if origin := Headers(scope=answer.scope).get("origin"):
            answer.status, answer.body = 204, b""
            answer.headers["access-control-allow-origin"] = origin


class ADownloadIsCalledBytes(_Answers):
    """The image does not open: the computer does not know what it is."""

    hits = "^GET .*/content 200"

    def change(self, answer: ResponseDraft) -> None:
        answer.headers["content-type"] = "application/octet-stream"


class ADownloadHasAnotherName(_Answers):
    """Every letter is saved over the one before."""

    hits = "^GET .*/content 200"

    def change(self, answer: ResponseDraft) -> None:
        answer.headers["content-disposition"] = 'attachment; filename="document.pdf"'


class ADownloadIsShownInTheBrowser(_Answers):
    """A page that somebody filed runs with the nurse's session."""

    hits = "^GET .*/content 200"

    def change(self, answer: ResponseDraft) -> None:
        text = answer.headers["content-disposition"]
        answer.headers["content-disposition"] = text.replace("attachment", "inline")


class EveryDownloadHasATagOfItsOwn(_Answers):
    """Each instance has a tag of its own, so every opening of an image fetches all of it again."""

    hits = "^GET .*/content 200"

    def change(self, answer: ResponseDraft) -> None:
        answer.headers["etag"] = f'"{uuid4().hex}"'


class _Cookies(_Answers):
    """A sign-in also sets a cookie, as browsers keep it."""

    item = "authentication-flow"
    hits = "^POST .*/auth/(sign-in|refresh) 200"
    cookie: ClassVar[str]

    def change(self, answer: ResponseDraft) -> None:
        answer.headers["set-cookie"] = f"sid={uuid4().hex}; Path=/; {self.cookie}"


class ScriptsReadTheSession(_Cookies):
    """A script that somebody typed into a name takes the session of whoever reads the chart."""

    cookie = "SameSite=Strict"


class AnyPageSendsTheSession(_Cookies):
    """A page that a nurse opens at home corrects charts in the nurse's name."""

    cookie = "HttpOnly; SameSite=None"


class ARenewedSessionIsLessGuarded(_Cookies):
    """The first cookie is guarded, and the one after an hour is not."""

    hits = "^POST .*/auth/refresh 200"
    cookie = "HttpOnly"
