"""A service is asked within bounds, with its token, and no word of the token comes back; and what
listens takes nothing but alerts.
"""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

import httpx
import pytest

from cutover.evidence import NotProven, Redactor
from cutover.settings import SettingsError
from cutover.telemetry import TelemetrySilent
from cutover.telemetry.signals import receiver
from cutover.telemetry.signals.alertmanager import Alertmanager
from cutover.telemetry.signals.prometheus import Prometheus
from cutover.telemetry.signals.receiver import listening
from cutover.telemetry.signals.service import Declined, Service
from cutover.telemetry.signals.waiting import awaited
from tests.unit.drivers.stand_in import says, standing_in

TOKEN = "s3cret-token-of-the-service"


def test_a_token_is_shown_and_learnt(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    redactor = Redactor()
    with standing_in() as there:
        there.answers |= {
            "GET /x": says({"a": 1}),
            "GET /no": says({"message": f"{TOKEN} is expired"}, 401),
        }
        service = Service(there.url, token_file=tmp_path / "token", redactor=redactor)
        assert service.get("/x", q="1") == {"a": 1}
        assert (there.asked[0].headers["authorization"], there.asked[0].query) == (
            f"Bearer {TOKEN}",
            {"q": "1"},
        )
        with pytest.raises(
            Declined, match=r"answered 401: ‹token of 127\.0\.0\.1› is expired"
        ) as declined:
            service.get("/no")
    assert declined.value.status == 401
    assert TOKEN in redactor.learnt()


@pytest.mark.parametrize(
    ("content", "says_why"),
    [(None, "cannot be read"), ("", "holds no token"), ("two words", "holds no token")],
)
def test_a_token_that_is_none_is_said(tmp_path: Path, content: str | None, says_why: str) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content, encoding="utf-8")
    with pytest.raises(TelemetrySilent, match=says_why) as silent:
        Service("http://127.0.0.1:9", token_file=tmp_path / "token").get("/x")
    assert "two words" not in str(silent.value)


def test_an_authority_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"ca_file .* cannot be used"):
        Service("https://a.example", ca_file=tmp_path / "ca.pem")


def test_silence_is_bounded() -> None:
    """Whoever takes the connection and says nothing costs no more than the bound."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        began = time.monotonic()
        with pytest.raises(TelemetrySilent, match=r"within 0\.3 s"):
            Service(f"http://127.0.0.1:{listener.getsockname()[1]}", seconds=0.3).post("/x", {})
    assert time.monotonic() - began < 2


def test_whoever_is_no_prometheus_or_alertmanager_is_said() -> None:
    with standing_in() as there:
        for path in (
            "/api/v1/query",
            "/api/v1/targets",
            "/api/v1/rules",
            "/api/v2/alerts",
            "/api/v2/silences",
            "/api/v2/status",
        ):
            there.answers[f"GET {path}"] = says({"status": "success", "data": {}})
        client, manager = Prometheus(Service(there.url)), Alertmanager(Service(there.url))
        for ask in (
            client.now,
            client.targets,
            client.rules,
            lambda: client.query("up"),
            manager.alerts,
            manager.silences,
            manager.config,
        ):
            with pytest.raises(TelemetrySilent, match="not that of a"):
                ask()
        there.answers["GET /api/v1/query"] = says(
            {"status": "success", "data": {"result": []}, "warnings": ["one store is silent"]}
        )
        with pytest.raises(TelemetrySilent, match="in part"):
            client.query("up")


def test_a_condition_is_waited_for() -> None:
    """It is looked at once at least, and a last time at the end."""
    looks = iter([None, None, "there"])
    assert awaited(lambda: next(looks), 5) == "there"
    assert awaited(lambda: "at once", 0) == "at once"
    assert awaited(lambda: None, 0.05) is None


# ── what listens ──


def test_only_messages_of_alerts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiver, "SIZE_LIMIT", 1000)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    with listening(place) as arrived:
        message = {
            "receiver": "cutover",
            "alerts": [{"status": "firing", "labels": {"alertname": "Canary"}}],
        }
        bodies = [json.dumps(message).encode(), b"rubbish", b"[]", b'{"alerts": 1}', b" " * 2000]
        statuses = [
            httpx.post(f"http://{place}/anywhere", content=body).status_code for body in bodies
        ]
        with pytest.raises(NotProven, match="cannot listen"), listening(place):
            pass
    assert statuses == [200, 400, 400, 400, 400]
    assert arrived.messages == [message]
