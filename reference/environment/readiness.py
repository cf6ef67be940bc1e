"""Readiness checks: requests to a program's socket, with a time limit."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from pathlib import Path
from typing import TypeAlias

Question: TypeAlias = Callable[[], bool]
_ANSWER_SECONDS = 1.0  # seconds for it
_PAUSE_SECONDS = 0.05  # seconds between two looks
_NO_ANSWER = (OSError, http.client.HTTPException, ValueError)  # urllib's own errors are OSErrors


def get_headers(url: str, authority: Path | None = None) -> Message | None:
    """Return the headers of a successful answer; None for any other answer, and for no answer."""
    context = ssl.create_default_context(cafile=authority) if authority else None
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS, context=context) as answer:
            headers: Message = answer.headers
            return headers
    except _NO_ANSWER:
        return None


def all_answer(url: str, authority: Path, header: str, names: set[str]) -> Question:
    """Return a check: each of `names` has answered at the URL.

    The `header` of an answer holds the name.
    """
    answered = set[str]()

    def all_have_answered() -> bool:
        if (headers := get_headers(url, authority)) is not None:
            answered.add(headers.get(header, ""))
        return names <= answered

    return all_have_answered


def has_result(prometheus: str, expression: str) -> bool:
    """Return whether Prometheus has a result for the expression."""
    query = urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(
            f"{prometheus}/api/v1/query?{query}", timeout=_ANSWER_SECONDS
        ) as answer:
            return bool(json.load(answer)["data"]["result"])
    except _NO_ANSWER:
        return False


def wait_for(questions: Mapping[str, Question], seconds: float) -> frozenset[str]:
    """Repeat each check until it is true; return the names of those that never were."""
    ends, waiting = time.monotonic() + seconds, dict(questions)
    while waiting and time.monotonic() < ends:
        waiting = {name: asked for name, asked in waiting.items() if not asked()}
        if waiting:
            time.sleep(_PAUSE_SECONDS)
    return frozenset(waiting)
