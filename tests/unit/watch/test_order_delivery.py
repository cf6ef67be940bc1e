"""An order to roll back on its way to the channels: bounded, and every refusal is told."""

from __future__ import annotations

import time

import pytest

from cutover_gates.core.findings import Finding, NotProven
from cutover_gates.probes.observability.channels import rules
from cutover_gates.watch import order_delivery
from cutover_gates.watch.order_delivery import OrderDelivery

ADDRESS = "json://s3cret"


def _send(name: str, address: str, title: str, text: str) -> Finding | None:
    assert (address, title, text) == (ADDRESS, "ROLL BACK NOW", "the order")
    if name == "refusing":
        return Finding(rules.MESSAGE_ACCEPTED, name, "an accepted message", "a refusal")
    if name == "broken":
        raise ValueError(ADDRESS)
    if name == "unproven":
        raise NotProven("Apprise is not installed")
    if name == "silent":
        time.sleep(3)
    return None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("team", ""),
        ("refusing", "a refusal"),
        ("broken", "ValueError"),
        ("unproven", "not installed"),
        ("silent", "no answer within 0.2 s"),
    ],
)
def test_each_channel_is_told_or_named(
    monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    monkeypatch.setattr(order_delivery, "DELIVERY_SECONDS", 0.2)
    noted, reported = dict[str, str](), list[str]()
    delivery = OrderDelivery({name: ADDRESS}, reported.append, noted.__setitem__, _send)
    began = time.monotonic()
    delivery.tell("the order")
    assert time.monotonic() - began < 0.1, "it must not stop the watch"
    delivery.close()
    assert reason in noted[name]
    assert bool(noted[name]) == bool(reported) == bool(reason)
    assert ADDRESS not in "".join([*noted.values(), *reported])


def test_without_channels_nobody_is_told() -> None:
    delivery = OrderDelivery({}, pytest.fail, lambda *_: pytest.fail("nobody"), _send)
    delivery.tell("the order")
    delivery.close()
