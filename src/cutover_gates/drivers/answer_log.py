"""The log of all answers that a process got: each is judged as it comes, and none is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx

from cutover_gates.core.findings import Finding
from cutover_gates.drivers.http_client import same_origin
from cutover_gates.drivers.request_context import RequestContext
from cutover_gates.hospital import ObservedAnswer

MOST_FINDINGS = 200
"""Different findings that are kept. The others only say the same of more places."""
Judge = Callable[[ObservedAnswer], Iterable[Finding]]


class AnswerLog:
    """Judges every answer of the target at `base_url`. Safe under threads.

    Answers of other servers (a file store, an identity provider) are not the target's.
    """

    def __init__(self, base_url: str, judge: Judge) -> None:
        self._base_url, self._judge = base_url, judge
        self._lock = threading.Lock()
        self._captures: dict[int, list[ObservedAnswer]] = {}
        self._findings: dict[tuple[str, str], Finding] = {}
        self.count = 0

    def observe(self, request: object, response: object) -> None:
        """Judge an answer. It is called with what the transport sent and got."""
        if not isinstance(request, httpx.Request) or not isinstance(response, httpx.Response):
            return
        if not same_origin(str(request.url), self._base_url):
            return
        answer = make_observed_answer(request, response)
        found = list(self._judge(answer))
        with self._lock:
            self.count += 1
            if (captured := self._captures.get(threading.get_ident())) is not None:
                captured.append(answer)
            for finding in found:
                self._add(finding)

    def _add(self, finding: Finding) -> None:
        key = finding.rule.id, finding.subject
        known = self._findings.get(key)
        if known is not None:
            self._findings[key] = replace(known, count=known.count + 1)
        elif len(self._findings) < MOST_FINDINGS:
            self._findings[key] = finding

    def findings(self) -> tuple[Finding, ...]:
        """Return what was found so far, each rule and subject once, with its count."""
        with self._lock:
            return tuple(self._findings.values())

    @contextmanager
    def capture(self) -> Iterator[list[ObservedAnswer]]:
        """Yield a list that gets each answer of this thread inside the block."""
        answers: list[ObservedAnswer] = []
        thread = threading.get_ident()
        with self._lock:
            self._captures[thread] = answers
        try:
            yield answers
        finally:
            with self._lock:
                self._captures.pop(thread, None)


def make_observed_answer(request: httpx.Request, response: httpx.Response) -> ObservedAnswer:
    """Return the answer with what its judgement needs of the request."""
    shown = RequestContext.of(request).shown_headers
    tokens = [name.lower() for name, value in shown.items() if "$TOKEN" in value]
    if not tokens and "authorization" in request.headers:
        tokens = ["authorization"]
    headers = {name.lower(): value for name, value in response.headers.items()}
    return ObservedAnswer(
        request.method,
        request.url.path,
        response.status_code,
        headers,
        response.content,
        next(iter(tokens), ""),
    )
