"""Weights of a real Caddy before two real backends: shares, chance, and changes meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from reference.environment import readiness
from reference.environment.part import free_ports, program
from reference.environment.weights import CaddyAdmin, WeightsNotSet, share_weights
from tests.calibration import scale_seconds
from tests.integration.reference.started_hospital import ROOT

ASKED = 600
SERVER = """
import sys, uvicorn
release, port = sys.argv[1], int(sys.argv[2])
async def app(scope, receive, send):
    if scope["type"] == "http":
        head = [(b"x-release", release.encode()), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b""})
uvicorn.run(app, port=port, log_level="error", lifespan="off")
"""
CADDYFILE = """
{{
	admin unix/{socket}|0600
	auto_https off
	persist_config off
	grace_period 5s
}}
http://127.0.0.1:{port} {{
	import {pins}
	reverse_proxy {old} {{
		lb_policy round_robin
		header_down X-Backend {{http.reverse_proxy.upstream.hostport}}
	}}
}}
"""


@dataclass(frozen=True)
class Front:
    """The proxy at `url`, its API, and the address of each release's backend."""

    url: str
    admin: CaddyAdmin
    old: str
    new: str

    def ask(self, number: int = ASKED, wanted: str = "") -> list[str]:
        """Return the release of each answer. `wanted` is the release that the header names."""
        headers = {"X-Release-Wanted": wanted} if wanted else {}
        with httpx.Client(timeout=scale_seconds(5), headers=headers) as client:
            answers = [client.get(self.url) for _ in range(number)]
        assert {answer.status_code for answer in answers} == {200}
        return [answer.headers["X-Release"] for answer in answers]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Start a proxy before a backend of each release; the old one alone serves."""
    folder = tmp_path_factory.mktemp("caddy")
    port, *backends = free_ports(3)
    old, new = (f"127.0.0.1:{one}" for one in backends)
    caddy = program("caddy", how="install the extra `embedded`")
    file = folder / "Caddyfile"
    pins = ROOT / "reference/environment/Caddyfile.pinned"
    file.write_text(CADDYFILE.format(socket=folder / "c.sock", port=port, old=old, pins=pins))
    commands = [
        [sys.executable, "-c", SERVER, release, str(at)]
        for release, at in zip(("1.9.0", "2.0.0"), backends, strict=True)
    ]
    commands.append([caddy, "run", "--config", str(file), "--adapter", "caddyfile"])
    home = {name: str(folder) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    pin = {"PROXY_PIN": "X-Release-Wanted 2.0.0", "PROXY_PINNED": new}
    processes = [subprocess.Popen(one, env={**os.environ, **home, **pin}) for one in commands]
    url = f"http://127.0.0.1:{port}/"
    places = (url, f"http://{old}/", f"http://{new}/")
    questions = {one: lambda one=one: readiness.get_headers(one) is not None for one in places}
    try:
        assert not readiness.wait_for(questions, scale_seconds(20))
        yield Front(url, CaddyAdmin(folder / "c.sock"), old, new)
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.parametrize("percent", [0, 10, 50, 100])
def test_the_measured_share_is_the_weight(front: Front, percent: int) -> None:
    """Within five standard deviations: a correct weight fails once in a million runs."""
    front.admin.set_weights(share_weights([front.old], [front.new], percent))
    share = front.ask().count("2.0.0") / ASKED
    deviation = (percent / 100 * (1 - percent / 100) / ASKED) ** 0.5
    assert abs(share - percent / 100) <= 5 * deviation


@pytest.mark.parametrize("percent", [0, 10, 100])
def test_a_request_that_asks_for_the_new_release_gets_it_at_any_share(
    front: Front, percent: int
) -> None:
    front.admin.set_weights(share_weights([front.old], [front.new], percent))
    assert set(front.ask(50, "2.0.0")) == {"2.0.0"}


def test_another_value_of_the_header_pins_nothing(front: Front) -> None:
    front.admin.set_weights({front.old: 1})
    assert set(front.ask(50, "1.9.0")) == {"1.9.0"}
    assert front.admin.get_weights() == {front.old: 1}


def test_the_backend_of_a_request_is_drawn_and_not_the_next_of_a_cycle(front: Front) -> None:
    """In a cycle of ten the new release would answer every tenth time, and never twice in a row."""
    front.admin.set_weights(share_weights([front.old], [front.new], 10))
    answers = front.ask()
    places = [number for number, release in enumerate(answers) if release == "2.0.0"]
    assert len({after - before for before, after in pairwise(places)}) > 5


@pytest.mark.parametrize(("percent", "told"), [(0, 0.0), (10, 0.1), (100, 1.0)])
def test_the_captains_command_tells_the_weights_and_changes_none(
    front: Front, percent: int, told: float
) -> None:
    words = [sys.executable, "-m", "reference.environment.advance"]
    words += ["--socket", str(front.admin.path), "--old", front.old, "--new", front.new]
    subprocess.run([*words, str(percent)], check=True, capture_output=True)
    weights = front.admin.get_weights()
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    found = json.loads(said)
    assert found["new"] / (found["new"] + found["old"]) == told
    assert front.admin.get_weights() == weights


def test_no_request_fails_while_weights_change(front: Front) -> None:
    ended = threading.Event()
    releases: list[str] = []

    def ask() -> None:
        while not ended.is_set():
            releases.extend(front.ask(20))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for percent in (10, 50, 100, 0, 100):
            front.admin.set_weights(share_weights([front.old], [front.new], percent))
    finally:
        ended.set()
        asking.join()
    assert releases
    assert set(front.ask(20)) == {"2.0.0"}


def test_who_changed_the_configuration_meanwhile_is_not_overwritten(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = CaddyAdmin(front.admin.path)
    find = CaddyAdmin._find_proxy

    def find_and_be_overtaken(self: CaddyAdmin) -> object:
        found = find(self)
        monkeypatch.setattr(CaddyAdmin, "_find_proxy", find)
        other.set_weights({front.old: 3, front.new: 1})
        return found

    monkeypatch.setattr(CaddyAdmin, "_find_proxy", find_and_be_overtaken)
    with pytest.raises(WeightsNotSet, match="412"):
        front.admin.set_weights({front.old: 1})
    assert front.admin.get_weights() == {front.old: 3, front.new: 1}


def test_a_proxy_that_does_not_answer_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsNotSet, match="does not answer"):
        CaddyAdmin(tmp_path / "none.sock").set_weights({"127.0.0.1:1": 1})


def test_the_backends_of_one_release_share_alike() -> None:
    assert share_weights(["o"], ["a", "b"], 10) == {"o": 18, "a": 1, "b": 1}
    assert share_weights(["o", "p"], ["a"], 50) == {"o": 1, "p": 1, "a": 2}
    assert share_weights(["o"], ["a"], 0) == {"o": 1}
    assert share_weights(["o"], ["a"], 100) == {"a": 1}
    with pytest.raises(ValueError, match="no backend"):
        share_weights([], ["a"], 50)
