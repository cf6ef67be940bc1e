"""A watcher that is started after another: it says the order again, or begins anew after a rollback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.triggers.rollback_message import ORDER, RollbackNames
from cutover_gates.watch.kept_triggers import HISTORY_FILE, ORDER_FILE, STATE_FILE
from cutover_gates.watch.order_delivery import OrderDelivery
from cutover_gates.watch.record_lines import CHANNEL, TRIGGERS
from cutover_gates.watch.record_writer import RecordWriter
from cutover_gates.watch.standing_order import find_raw_lines
from cutover_gates.watch.trigger_feed import TriggerFeed
from cutover_gates.watch.trigger_watch import TriggerWatch
from tests.trigger_records import BEGINS, RELEASE, SECONDS, WatchedTriggers, fail_from
from tests.unit.watch.test_record import SetClock


@pytest.fixture
def fired(tmp_path: Path) -> Path:
    """Provide the folder of a watch that ordered a rollback."""
    WatchedTriggers(tmp_path, fail_from(300)).write()
    (tmp_path / ORDER_FILE).write_text(ORDER)
    return tmp_path


class Resumed:
    """A watcher that goes on in a folder, a minute later."""

    def __init__(self, folder: Path, release: str = RELEASE, rollback: str = "") -> None:
        self.folder = folder
        self.told, self.sent = list[str](), list[str]()
        clock = SetClock()
        clock.now = BEGINS + SECONDS + 60
        self.writer = RecordWriter(folder, {"release": release, "intervals": {"read": 5}}, clock)
        delivery = OrderDelivery({"team": "x"}, self.told.append, self._note, self._send)
        watch = TriggerWatch(
            TriggerSettings(),
            TriggerFeed(release),
            self.writer,
            RollbackNames("site"),
            {},
            None,
            self.told.append,
            delivery=delivery,
            find_rollback=lambda _: rollback,
        )
        watch.start()
        watch.close()
        self.machine = watch.machine

    def _note(self, name: str, reason: str) -> None:
        self.writer.write(CHANNEL, channel=name, accepted=not reason)

    def _send(self, name: str, address: str, title: str, text: str) -> None:
        del name, address, title
        self.sent.append(text)

    def begin(self) -> dict[str, Any]:
        """Return from where it says that it goes on."""
        lines = [dict(line) for _, line in find_raw_lines(self.folder, TRIGGERS)]
        return max(lines, key=lambda line: line["at"])


def test_it_says_the_order_again_and_knows_what_fired(fired: Path) -> None:
    found = Resumed(fired)
    assert found.told[0].startswith(f"{ORDER}: error-rate")
    assert {firing.key.trigger for firing in found.machine.firings} == {"error-rate"}
    assert found.begin()["resumes"] > 0
    assert found.begin()["unwatched"] > 0


def test_channels_that_were_told_are_not_told_again(fired: Path) -> None:
    """The first one was killed before it told them; after the second one they know."""
    assert Resumed(fired).sent
    assert not Resumed(fired).sent


def test_after_a_rollback_it_begins_anew_and_keeps_the_history(fired: Path) -> None:
    found = Resumed(fired, rollback="20270115T090000Z-site-rollback-x")
    assert found.told[0].startswith("A rollback was ordered, and done: 20270115")
    assert not found.machine.firings
    assert not found.sent
    assert not (fired / ORDER_FILE).exists()
    assert "error-rate" in (fired / HISTORY_FILE).read_text()
    assert found.begin()["resumes"] is None
    assert "followed" in found.begin()["why"]


def test_for_another_release_it_begins_anew(fired: Path) -> None:
    found = Resumed(fired, release="2.0.1")
    assert not found.told
    assert not found.machine.firings
    assert "2.0.0" in found.begin()["why"]


def test_a_broken_state_is_told(fired: Path) -> None:
    (fired / STATE_FILE).write_text('{"release": "2.0.0"}')
    found = Resumed(fired)
    assert found.told[0].startswith("the triggers begin anew, because")
    assert found.begin()["resumes"] is None


def test_the_first_watcher_of_a_folder_tells_nothing(tmp_path: Path) -> None:
    found = Resumed(tmp_path / "new")
    assert not found.told
    assert found.begin()["resumes"] is None
    assert not found.begin()["why"]
