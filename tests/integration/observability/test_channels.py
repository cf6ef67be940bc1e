"""A test message goes to each channel, and no part of an address comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cutover_gates.probes.observability.channels import rules
from cutover_gates.probes.observability.channels.notification_channels import (
    TITLE,
    send_test_messages,
)
from cutover_gates.probes.observability.channels.sent_messages import (
    find_code_hashes,
    read_sent_messages,
)
from tests.standins.http_server import json_reply, running_http_standin

SECRET = "s3cret-part-of-the-address"


def test_messages_are_sent_and_refusals_are_reported(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with running_http_standin() as service:
        service.answers |= {
            f"POST /{SECRET}": json_reply({}),
            f"POST /refusing/{SECRET}": json_reply({}, 403),
        }
        at = service.url.removeprefix("http://")
        findings = send_test_messages(
            {
                "team": f"json://{at}/{SECRET}",
                "refusing": f"json://{at}/refusing/{SECRET}",
                "strange": f"unheard-of://{SECRET}",
            },
            "run 1",
        )
        sent = next(one.json for one in service.asked if one.path == f"/{SECRET}")
    assert (sent["title"], sent["message"]) == (TITLE, "run 1")
    found = [(finding.rule, finding.subject) for finding in findings.values() if finding]
    assert findings.keys() == {"team", "refusing", "strange"}
    assert found == [(rules.MESSAGE_ACCEPTED, "refusing"), (rules.ADDRESS_VALID, "strange")]
    assert SECRET not in "".join([*map(str, findings.values()), caplog.text, *capfd.readouterr()])


def test_pytest_sends_them_only_with_the_option(tmp_path: Path) -> None:
    """No check runs, and there is no verdict.

    The status is 1 where one service refuses its message. Nothing is sent where a gate is named.
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
        arrived = next(one.body for one in service.asked if "refusing" not in one.path)
    record = read_sent_messages(tmp_path / "reports/test-messages/staging.json")
    assert {name: message.accepted for name, message in record.items()} == {
        "team": True,
        "refusing": False,
    }
    assert find_code_hashes(arrived) == {record["team"].code_hash}
    assert (sent.returncode, gate.returncode) == (1, 4)
    assert "channel team: its service accepted" in sent.stdout
    assert "channel refusing: expected" in sent.stdout
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
