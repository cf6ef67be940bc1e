"""The metrics API of a cluster (metrics.k8s.io): CPU and memory of the pods that a label selector
finds.

It gives a rate of CPU, no counter, so that a restart is not seen here. Memory is the working set.
What it tells is some ten seconds old.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cutover.evidence import Redactor
from cutover.settings import Kubernetes, SettingsError
from cutover.telemetry.asking import SAID, SECONDS, Answer, Asker, shown
from cutover.telemetry.credentials import TokenInFile, trusting_only
from cutover.telemetry.looks import Found, Look, TelemetrySilent, look_of
from cutover.telemetry.metrics import SECTION
from cutover.telemetry.quantities import duration, quantity

_HINTS = {
    401: "is the token in token_file still valid?",
    403: "the token may not list pods of metrics.k8s.io in this namespace",
    404: "does a metrics-server run in the cluster?",
}


class Cluster:
    """A source: the pods of one namespace."""

    def __init__(
        self, settings: Kubernetes, seconds: float = SECONDS, redactor: Redactor | None = None
    ) -> None:
        """Raises `SettingsError` where the token would leave unencrypted, or the authority cannot
        be read.
        """
        if not settings.api.startswith("https://"):
            raise SettingsError(
                f"{SECTION}.kubernetes.api must begin with https://: a token is sent there"
            )
        path = f"apis/metrics.k8s.io/v1beta1/namespaces/{quote(settings.namespace, safe='')}/pods"
        self._url, self._selector = f"{settings.api.rstrip('/')}/{path}", settings.selector
        self._redactor = redactor or Redactor()
        bearer = TokenInFile(Path(settings.token_file), self._redactor, name="kubernetes token")
        tls = trusting_only(settings.ca_file, f"{SECTION}.kubernetes.ca_file")
        self._asker = Asker(seconds, tls=tls, auth=bearer, redactor=self._redactor)
        self._behind: float | None = None

    def look(self) -> Look:
        answer = self._asker.get(
            self._url, {"labelSelector": self._selector}, accept="application/json"
        )
        pods = self._pods(answer)
        if self._behind is None:  # kept: a measurement has one moment, at whichever look it is met
            self._behind = answer.at - (answer.date or time.time())
        try:
            measured = (
                min(datetime.fromisoformat(pod["timestamp"]).timestamp() for pod in pods)
                + self._behind
            )
            over = max(duration(pod["window"]) for pod in pods)
            cpu, memory = (
                Found(float(_sum(pods, what)), measured, len(pods)) for what in ("cpu", "memory")
            )
        except (KeyError, TypeError, ValueError):
            raise TelemetrySilent(
                f"{shown(self._url)} gave an answer that is no list of pod metrics"
            ) from None
        return look_of(answer.at, {"cpu_cores": cpu, "memory": memory}, {}, over)

    def _pods(self, answer: Answer) -> list[dict[str, Any]]:
        told = _json(self._redactor.text(answer.text))
        if answer.status != 200:
            said = _HINTS.get(answer.status) or str(told.get("message", "no reason"))[:SAID]
            raise TelemetrySilent(f"{shown(self._url)} answered {answer.status}: {said}")
        pods = told.get("items")
        if not isinstance(pods, list):
            raise TelemetrySilent(
                f"{shown(self._url)} gave an answer that is no list of pod metrics"
            )
        if not pods:
            raise TelemetrySilent(
                f"{shown(self._url)} knows no pod with {self._selector!r}; see"
                f" {SECTION}.kubernetes.selector"
            )
        return pods


def _sum(pods: list[dict[str, Any]], what: str) -> Fraction:
    return sum(
        (quantity(container["usage"][what]) for pod in pods for container in pod["containers"]),
        Fraction(0),
    )


def _json(text: str) -> dict[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
