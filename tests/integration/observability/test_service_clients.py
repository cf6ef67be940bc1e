"""The clients of services have a time bound and send their token, which no error quotes.

The receiver of alerts keeps nothing but alerts.
"""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import httpx
import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.observability.alerts import alert_receiver, rules
from cutover_gates.probes.observability.alerts.alert_receiver import (
    AlertMessage,
    DeliveredAlert,
    receive_alerts,
)
from cutover_gates.probes.observability.alerts.alertmanager import AlertmanagerApi
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.concurrency import wait_until
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_services import JsonService, UnexpectedStatus
from tests.calibration import scale_seconds
from tests.findings import raises_gap
from tests.standins.http_server import json_reply, running_http_standin

TOKEN = "s3cret-token-of-the-service"


def test_a_token_is_sent_and_masked(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    redactor = Redactor()
    with running_http_standin() as there:
        there.answers |= {
            "GET /x": json_reply({"a": 1}),
            "GET /no": json_reply({"message": f"{TOKEN} is expired"}, 401),
        }
        service = JsonService(there.url, token_file=tmp_path / "token", redactor=redactor)
        assert service.get("/x", q="1") == {"a": 1}
        assert (there.asked[0].headers["authorization"], there.asked[0].query) == (
            f"Bearer {TOKEN}",
            {"q": "1"},
        )
        with pytest.raises(
            UnexpectedStatus, match=r"answered 401: ‹token of 127\.0\.0\.1› is expired"
        ) as declined:
            service.get("/no")
    assert declined.value.status == 401
    assert TOKEN in redactor.learned_secrets()


@pytest.mark.parametrize(
    ("content", "says_why"),
    [(None, "cannot be read"), ("", "holds no token"), ("two words", "holds no token")],
)
def test_an_unusable_token_is_reported(tmp_path: Path, content: str | None, says_why: str) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content, encoding="utf-8")
    with pytest.raises(SourceUnavailable, match=says_why) as silent:
        JsonService("http://127.0.0.1:9", token_file=tmp_path / "token").get("/x")
    assert "two words" not in str(silent.value)


def test_an_unusable_authority_is_reported(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"ca_file .* cannot be used"):
        JsonService("https://a.example", ca_file=tmp_path / "ca.pem")


def test_silence_is_bounded() -> None:
    """A server that accepts and stays silent costs no more than the bound."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        began = time.monotonic()
        with pytest.raises(SourceUnavailable, match=r"within 0\.3 s"):
            JsonService(f"http://127.0.0.1:{listener.getsockname()[1]}", seconds=0.3).post("/x", {})
    assert time.monotonic() - began < scale_seconds(2)


def test_another_service_is_reported() -> None:
    with running_http_standin() as there:
        for path in (
            "/api/v1/query",
            "/api/v1/targets",
            "/api/v1/rules",
            "/api/v2/alerts",
            "/api/v2/silences",
            "/api/v2/status",
        ):
            there.answers[f"GET {path}"] = json_reply({"status": "success", "data": {}})
        client, manager = (
            PrometheusApi(JsonService(there.url)),
            AlertmanagerApi(JsonService(there.url)),
        )
        for ask in (
            client.fetch_time,
            client.fetch_targets,
            client.fetch_rules,
            lambda: client.query("up"),
            manager.fetch_alerts,
            manager.fetch_silences,
            manager.fetch_config,
        ):
            with pytest.raises(SourceUnavailable, match="not that of a"):
                ask()
        there.answers["GET /api/v1/query"] = json_reply(
            {"status": "success", "data": {"result": []}, "warnings": ["one store is silent"]}
        )
        with pytest.raises(SourceUnavailable, match="in part"):
            client.query("up")


def test_wait_until_polls_until_the_end() -> None:
    """It is polled at least once, and a last time at the end."""
    looks = iter([None, None, "there"])
    assert wait_until(lambda: next(looks), 5) == "there"
    assert wait_until(lambda: "at once", 0) == "at once"
    assert wait_until(lambda: None, 0.05) is None


# ── what listens ──


def test_only_messages_with_alerts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_receiver, "SIZE_LIMIT", 1000)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    with receive_alerts(place) as received:
        message = {
            "receiver": "cutover",
            "alerts": [{"status": "firing", "labels": {"alertname": "Canary"}}],
        }
        bodies = [json.dumps(message).encode(), b"rubbish", b"[]", b'{"alerts": 1}', b" " * 2000]
        statuses = [
            httpx.post(f"http://{place}/anywhere", content=body).status_code for body in bodies
        ]
        with raises_gap(rules.RUN_LISTENS), receive_alerts(place):
            pass
    assert statuses == [200, 400, 400, 400, 400]
    canary = DeliveredAlert("firing", {"alertname": "Canary"})
    assert received.messages == [AlertMessage("cutover", (canary,))]
