"""A test message goes to each channel, and no word of an address comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cutover_gates.probes.observability.notification_channels import TITLE, send_test_messages
from tests.standins.http_server import json_reply, running_http_standin

SECRET = "s3cret-part-of-the-address"


def test_messages_are_sent_and_what_came_of_them_is_told(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with running_http_standin() as service:
        service.answers |= {
            f"POST /{SECRET}": json_reply({}),
            f"POST /refusing/{SECRET}": json_reply({}, 403),
        }
        at = service.url.removeprefix("http://")
        came = send_test_messages(
            {
                "team": f"json://{at}/{SECRET}",
                "refusing": f"json://{at}/refusing/{SECRET}",
                "strange": f"unheard-of://{SECRET}",
            },
            "run 1",
        )
        sent = next(one.json for one in service.asked if one.path == f"/{SECRET}")
    assert (sent["title"], sent["message"]) == (TITLE, "run 1")
    assert came["team"] == ""
    assert "did not take" in came["refusing"]
    assert "none that Apprise knows" in came["strange"]
    assert SECRET not in "".join([*came.values(), caplog.text, *capfd.readouterr()])


def test_pytest_sends_them_only_when_it_is_told_to(tmp_path: Path) -> None:
    """No check is run and no verdict given.

    The status is 1 where one service did not take its message, and nothing is sent beside a gate.
    """
    with running_http_standin() as service:
        service.answers[f"POST /{SECRET}"] = json_reply({})
        text = '[targets.staging]\nurl = "https://staging.example"\n'
        for name, path in (("team", ""), ("refusing", "refusing/")):
            (tmp_path / name).write_text(
                f"json://{service.url.removeprefix('http://')}/{path}{SECRET}\n", encoding="utf-8"
            )
            text += f'[targets.staging.monitoring.channels.{name}]\napprise_url_file = "{name}"\n'
        (tmp_path / "cutover.toml").write_text(text, encoding="utf-8")
        sent, gate = _pytest(tmp_path, "staging"), _pytest(tmp_path, "staging", "-m", "t12")
        assert len(service.asked) == 2
    assert (sent.returncode, gate.returncode) == (1, 4)
    assert "channel team: its service took the test message" in sent.stdout
    assert "channel refusing: the service did not take the message" in sent.stdout
    assert SECRET not in sent.stdout + sent.stderr


def _pytest(folder: Path, target: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--send-test-messages",
        f"--cutover-config={folder / 'cutover.toml'}",
        f"--target={target}",
        *more,
    ]
    return subprocess.run(
        command,
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
