"""A real watcher orders a rollback: terminal, file, record and channels say it, and the watch goes on."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cutover_gates.core.triggers.rollback_message import ORDER, RollbackNames
from cutover_gates.watch.kept_triggers import ORDER_FILE
from cutover_gates.watch.record_lines import CHANNEL, FIRED
from cutover_gates.watch.standing_order import find_raw_lines, find_standing_order
from tests.calibration import scale_seconds
from tests.faults.watch.fired_triggers import NoInstanceIsReady
from tests.standins.http_server import json_reply, running_http_standin
from tests.watched_hospital import RELEASE, WatchedHospital

SECRET = "s3cret-part-of-the-address"


@pytest.fixture
def silent() -> Iterator[int]:
    """Provide a port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def _lines(watched: WatchedHospital, do: str) -> list[Any]:
    return [line for _, line in find_raw_lines(watched.record_folder, do)]


class _WithChannels(NoInstanceIsReady):
    """The same, with three channels: one accepts, one refuses, one never answers."""

    told = ""

    def write_channels(self, watched: WatchedHospital, addresses: dict[str, str]) -> None:
        """Declare the channels."""
        for name, address in addresses.items():
            (watched.folder / name).write_text(address)
        tables = [
            f'[targets.site.monitoring.channels.{name}]\napprise_url_file = "{name}"'
            for name in addresses
        ]
        type(self).settings = "\n".join(["", *tables])

    def harm(self, hospital: WatchedHospital, watcher: Any) -> None:
        super().harm(hospital, watcher)
        hospital.wait_for(lambda: len(_lines(hospital, CHANNEL)) == 3, watcher)
        time.sleep(1)
        watcher.send_signal(signal.SIGTERM)
        type(self).told = watcher.communicate(timeout=scale_seconds(30))[1]


# Twenty seconds; tests/unit/watch tries delivery and order each by itself.
@pytest.mark.thorough
def test_everybody_is_told_to_roll_back(watched: WatchedHospital, silent: int) -> None:
    with running_http_standin() as service:
        at = service.url.removeprefix("http://")
        service.answers |= {
            f"POST /{SECRET}": json_reply({}),
            f"POST /refusing/{SECRET}": json_reply({}, 403),
        }
        fault = _WithChannels()
        fault.write_channels(
            watched,
            {
                "team": f"json://{at}/{SECRET}",
                "refusing": f"json://{at}/refusing/{SECRET}",
                "silent": f"json://127.0.0.1:{silent}/{SECRET}",
            },
        )
        fault.watch(watched)
        _check_first_order(watched, fault.told, service.asked)
        _check_second_watcher(watched, service)


def _check_first_order(watched: WatchedHospital, told: str, asked: list[Any]) -> None:
    """Check terminal, file, record, channels, and that the watch went on."""
    (sent,) = [one.json for one in asked if one.path == f"/{SECRET}"]
    assert sent["title"] == ORDER
    assert sent["message"].startswith(f"{ORDER}: health of service: 4 failed")
    assert f"{ORDER}: health of service: 4 failed" in told
    assert "channel refusing was not told to roll back" in told
    assert "channel silent was not told to roll back" in told
    assert SECRET not in told
    assert (watched.record_folder / ORDER_FILE).read_text().startswith(ORDER)
    channels = {line["channel"]: line for line in _lines(watched, CHANNEL)}
    assert {name: line["accepted"] for name, line in channels.items()} == {
        "team": True,
        "refusing": False,
        "silent": False,
    }
    (fired,) = _lines(watched, FIRED)
    assert max(line["at"] for line in channels.values()) - fired["at"] < scale_seconds(11)
    assert watched.read().results[-1].started > fired["at"] + 1
    assert SECRET not in "".join(path.read_text() for path in watched.record_folder.glob("*.jsonl"))


def _check_second_watcher(watched: WatchedHospital, service: Any) -> None:
    """Check that it says the order again at the terminal, and to no channel."""
    before = len(service.asked)
    second = watched.start("watch", "--seconds", "2")
    _, told = second.communicate(timeout=scale_seconds(40))
    assert told.count(f"{ORDER}: health of service: 4 failed") == 2, told
    assert len(service.asked) == before
    order = find_standing_order(watched.record_folder, RELEASE, RollbackNames("site"))
    assert order
    assert order.first_line.startswith(f"{ORDER}: health of service")
