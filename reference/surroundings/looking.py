"""Whether a part is ready: asked over its socket, within bounds."""

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

_ONE_ANSWER = 1.0  # seconds for it
_BETWEEN = 0.05  # seconds between two looks
_SILENCE = (OSError, http.client.HTTPException, ValueError)  # urllib's own errors are OSErrors


def answers(url: str, authority: Path | None = None) -> Message | None:
    """The headers of a good answer; None for any other, and for none."""
    context = ssl.create_default_context(cafile=authority) if authority else None
    try:
        with urllib.request.urlopen(url, timeout=_ONE_ANSWER, context=context) as answer:
            headers: Message = answer.headers
            return headers
    except _SILENCE:
        return None


def every_one(url: str, authority: Path, header: str, names: set[str]) -> Callable[[], bool]:
    """A question: has everyone of `names` answered at the url, told by the header?"""
    seen = set[str]()

    def asked() -> bool:
        if (headers := answers(url, authority)) is not None:
            seen.add(headers.get(header, ""))
        return names <= seen

    return asked


def holds(prometheus: str, expression: str) -> bool:
    """Does the expression find anything there?"""
    query = urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(
            f"{prometheus}/api/v1/query?{query}", timeout=_ONE_ANSWER
        ) as answer:
            return bool(json.load(answer)["data"]["result"])
    except _SILENCE:
        return False


def wait_for(questions: Mapping[str, Callable[[], bool]], seconds: float) -> frozenset[str]:
    """Ask until each question was answered with yes. The names of those that never were."""
    ends, waiting = time.monotonic() + seconds, dict(questions)
    while waiting and time.monotonic() < ends:
        waiting = {name: asked for name, asked in waiting.items() if not asked()}
        if waiting:
            time.sleep(_BETWEEN)
    return frozenset(waiting)
