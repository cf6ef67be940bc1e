"""The lean way of a load process sends what httpx would, and reads what httpx would.

It bounds every request, and sends none twice.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LIMIT_SECONDS = 0.3


@pytest.fixture(scope="module")
def ways() -> dict[str, Any]:
    """What `transport_comparison.py` tells: of each request what was seen of it and what came,
    first by the lean way and then by httpx.
    """
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("transport_comparison.py"))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def plain(seen: dict[str, Any]) -> dict[str, Any]:
    """Without the header that says what HTTP/1.1 does anyway."""
    return {
        **seen,
        "headers": {
            name: value
            for name, value in seen["headers"].items()
            if name not in ("connection", "content-type")
        },
        "type": seen["headers"].get("content-type", "").partition("boundary")[0],
    }


def test_every_address_is_sent_as_httpx_sends_it(ways: dict[str, Any]) -> None:
    """Also the odd ones: with spaces, dots, letters of other languages, and what is quoted already."""
    for path, (lean, whole) in ways["paths"].items():
        assert [plain(one) for one in lean["seen"]] == [plain(one) for one in whole["seen"]], path
        assert len(lean["seen"]) == 1, path


def test_every_body_is_sent_as_httpx_sends_it(ways: dict[str, Any]) -> None:
    """With the headers that go with it, and with those that the mapping says otherwise."""
    for lean, whole in ways["bodies"]:
        assert [plain(one) for one in lean["seen"]] == [plain(one) for one in whole["seen"]]
        assert len(lean["seen"]) == 1


@pytest.mark.parametrize("path", ["/large", "/zipped", "/wrongly-zipped", "/twice"])
def test_every_answer_is_read_as_httpx_reads_it(ways: dict[str, Any], path: str) -> None:
    """In one piece, in many, encoded although nobody asked for it, with a header that comes twice."""
    lean, whole = (
        {key: one.get(key) for key in ("status", "content", "cookie", "error")}
        for one in ways["answers"][path]
    )
    assert lean == whole


def test_an_answer_is_read_to_its_end_and_decoded(ways: dict[str, Any]) -> None:
    """Both ways could be wrong in the same way."""
    answers = ways["answers"]
    assert len(answers["/large"][0]["content"]) == 300_000
    assert (answers["/zipped"][0]["content"], answers["/wrongly-zipped"][0]["error"]) == (
        "plain",
        "RemoteProtocolError",
    )
    assert answers["/twice"][0]["cookie"] == "a=1, b=2"


@pytest.mark.parametrize("way", [0, 1])
def test_what_gets_no_answer_is_not_sent_again(ways: dict[str, Any], way: int) -> None:
    """A target that drops connections would look well otherwise: each person would be served at the
    second try.
    """
    cut = ways["answers"]["/cut"][way]
    assert cut["error"] == "ReadError"
    assert len(cut["seen"]) == 1


@pytest.mark.parametrize("path", ["/silent", "/slow"])
@pytest.mark.parametrize("way", [0, 1])
def test_no_request_takes_longer_than_it_may(ways: dict[str, Any], path: str, way: int) -> None:
    """From its start to its last byte, whether nothing comes or a byte now and then."""
    one = ways["limits"][path][way]
    assert one["error"] == "ReadTimeout"
    assert LIMIT_SECONDS <= one["seconds"] < LIMIT_SECONDS + 2


def test_after_that_the_next_request_is_served(ways: dict[str, Any]) -> None:
    """A connection that was given up is not used again."""
    assert [one["status"] for one in ways["after"]] == [200, 200]


def test_a_request_can_tell_everything_when_it_fails(ways: dict[str, Any]) -> None:
    """Its address, all its headers and its body, though it was sent without making them."""
    assert ways["told"] == {
        "path": "/a",
        "if-match": "1",
        "agent": "cutover",
        "body": '{"a":1}',
        "extensions": {"mine": 1, "later": 2},
        "lean": "FastRequest",
    }


@pytest.mark.parametrize("way", [0, 1])
def test_on_production_nothing_is_changed_but_synthetic_things(
    ways: dict[str, Any], way: int
) -> None:
    """The guard stands in the way itself. Nothing is sent."""
    guarded = ways["guarded"][way]
    assert (guarded["error"], guarded["seen"]) == ("GuardError", [])


def test_a_header_that_httpx_would_not_send_is_not_sent(ways: dict[str, Any]) -> None:
    """Both refuse it in one way."""
    assert ways["header"] == ["UnicodeEncodeError", "UnicodeEncodeError"]


def test_what_cannot_be_sent_is_told_as_a_failure(ways: dict[str, Any]) -> None:
    """A path that begins with two slashes is none to the client below.

    Nobody who came is forgotten for it.
    """
    assert [one["error"] for one in ways["slashes"]] == ["LocalProtocolError", "LocalProtocolError"]
