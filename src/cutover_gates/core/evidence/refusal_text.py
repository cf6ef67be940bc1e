"""The words of a refusal that may be kept from a production target.

A refusal's free text may name a patient ("Anna Example already has an open visit"). On production
only what the protocol itself defines is kept: of a problem (RFC 9457) its `type`, `title` and
`status`, of a FHIR OperationOutcome the codes of its issues, of OAuth the code of its error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

KEPT_MEMBERS = ("type", "title", "status")
"""Members of a problem that describe its kind, and not this occurrence of it."""
MAX_CHARACTERS = 120
"""Characters of a title or type; a longer one is no name of a kind of problem."""
MAX_CODES = 5
WITHHELD = "its text is not kept on production"

_CODE = re.compile(r"[A-Za-z][A-Za-z_.-]{1,40}")
"""A code of FHIR or OAuth: no blank and no digit, so no sentence, name or number."""


def public_problem_facts(body: Any) -> dict[str, str | int]:
    """Return the members of a problem that describe its kind, from the JSON of an answer."""
    if not isinstance(body, Mapping):
        return {}
    facts: dict[str, str | int] = {}
    for name in KEPT_MEMBERS:
        value = body.get(name)
        if isinstance(value, str | int) and _is_allowed(name, value):
            facts[name] = value
    return facts


def describe_refusal_kind(body: Any, media_type: str) -> str:
    """Return the kind of a refusal from its JSON, without its free text; None where it has none."""
    facts = public_problem_facts(body)
    named = [str(facts[name]) for name in ("title", "type") if facts.get(name)]
    words = named or _codes(body)
    return ", ".join(words) if words else f"({media_type or 'no content'}; {WITHHELD})"


def _is_allowed(name: str, value: str | int) -> bool:
    if isinstance(value, int):
        return name == "status" and 100 <= value <= 599
    return name != "status" and len(value) <= MAX_CHARACTERS


def _codes(body: Any) -> list[str]:
    """Return the error code of OAuth, or the codes of the issues of an OperationOutcome."""
    if not isinstance(body, Mapping):
        return []
    issues = body.get("issue")
    listed = issues[:MAX_CODES] if isinstance(issues, list) else []
    codes = [issue.get("code") for issue in listed if isinstance(issue, Mapping)]
    texts = [code for code in (body.get("error"), *codes) if isinstance(code, str)]
    return [code for code in texts if _CODE.fullmatch(code)]
