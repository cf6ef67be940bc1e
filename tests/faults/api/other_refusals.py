"""Faults of a target that refuses in its own way, or whose document says nothing of security."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.types import ASGIApp

from cutover_gates.probes.api.fuzzing import rules
from tests.faults.api.api_fault import ADDRESS, ApiFault
from tests.faults.api.behaviour import AHugePageBreaksTheLists
from tests.faults.fault import Defect
from tests.faults.response_changes import ResponseDraft, rewrite_responses

PROBLEM = "/problems/unauthenticated"
REFUSES_WITH_400 = f"""
[targets.tried.rest]
extends = "default"
[targets.tried.rest.refusals]
unauthenticated = {{ status = [400], where = "type == '{PROBLEM}'" }}
"""
"""What the settings say of a target that answers HTTP 400 to who is not signed in."""


def refuse_with_400(answer: ResponseDraft) -> None:
    """Answer HTTP 400 instead of 401, and document it so."""
    if answer.scope["path"] == ADDRESS:
        document = json.loads(answer.body)
        for item in document["paths"].values():
            for one in item.values():
                responses = one["responses"]
                if "401" in responses:
                    responses["400"] = responses.pop("401")
        answer.body = json.dumps(document).encode()
    elif answer.status == 401:
        answer.status = 400
        answer.body = json.dumps({**json.loads(answer.body), "status": 400}).encode()


class TheHospitalThatRefusesWith400(Defect):
    """It is no fault: the mapping says how it refuses."""

    def around(self, app: ASGIApp) -> ASGIApp:
        return rewrite_responses(app, refuse_with_400)


class _RefusesWith400(ApiFault):
    """Whoever is not signed in gets HTTP 400, and one item tells a refusal from an open door."""

    item = "contract-fuzzing"
    mapping = REFUSES_WITH_400
    only = ("whoAmI", "listVisits")
    asked: ClassVar[Mapping[str, Any]] = {
        "seconds": 240
    }  # on a busy machine the start takes a while

    def around(self, app: ASGIApp) -> ASGIApp:
        return rewrite_responses(super().around(app), self.rewrite)

    def rewrite(self, answer: ResponseDraft) -> None:
        """Change an answer on its way out."""
        refuse_with_400(answer)


class AnotherBadRequestStandsForARefusal(_RefusesWith400):
    """Who shows no token is told of a mistake in the request, and mends it until it is let in."""

    breaks, shows = (rules.AUTHENTICATION_ENFORCED,), "GET /api/v1/auth/me"
    also: ClassVar[Mapping[str, str]] = {"contract-access": "it asks without a token, too"}

    def rewrite(self, answer: ResponseDraft) -> None:
        is_refusal = answer.status == 401
        refuse_with_400(answer)
        if is_refusal and answer.scope["path"].endswith("/auth/me"):
            body = {**json.loads(answer.body), "type": "/problems/invalid"}
            answer.body = json.dumps(body).encode()


class NoTokenOpensWhatRefusesWith400(_RefusesWith400):
    """The account is turned away at one operation, and nobody sees that it was never tried."""

    outcome = "not proven"
    breaks, shows = (rules.ACCOUNT_ADMITTED,), "400 (refused)"
    also: ClassVar[Mapping[str, str]] = {"contract-access": "each role is turned away, too"}

    def rewrite(self, answer: ResponseDraft) -> None:
        if answer.scope["path"].endswith("/auth/me"):
            answer.status = 401
            told = {"type": PROBLEM, "title": "No", "detail": "No", "request_id": "0" * 32}
            answer.body = json.dumps({**told, "status": 401}).encode()
            answer.headers["content-type"] = "application/problem+json"
        refuse_with_400(answer)


class ASilentDocumentHidesABrokenList(AHugePageBreaksTheLists):
    """The document says nothing of security, and a list breaks behind the sign-in."""

    asked: ClassVar[Mapping[str, Any]] = {"seconds": 240}
    also: ClassVar[Mapping[str, str]] = {"contract-document": "no operation says who may use it"}

    def change(self, document: dict[str, Any]) -> None:
        document.pop("security", None)
        for item in document["paths"].values():
            for one in item.values():
                one.pop("security", None)
