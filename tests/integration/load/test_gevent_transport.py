"""The lean way of a load process sends what httpx would, and reads what httpx would.

It bounds every request, and sends none twice but as a browser does.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.probes.load.request_outcomes import ConnectionFlags

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
def test_what_gets_no_answer_is_sent_again_once_and_then_fails(
    ways: dict[str, Any], way: int
) -> None:
    """The connection was open before. The second attempt has one of its own, and nothing more."""
    cut = ways["answers"]["/cut"][way]
    assert cut["error"] == "ReadError"
    assert len(cut["seen"]) == 2


def test_what_gets_no_answer_on_a_new_connection_is_not_sent_again(ways: dict[str, Any]) -> None:
    """A target that drops connections would look well otherwise: each person would be served at the
    second try.
    """
    assert ways["cut on a new connection"] == {"sent": 1, "flags": ConnectionFlags.NEW}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_is_sent_again_where_the_target_closed_the_connection(
    ways: dict[str, Any], method: str
) -> None:
    """As a browser does: gunicorn closes a connection that was idle for two seconds."""
    both = ConnectionFlags.NEW | ConnectionFlags.ASKED_AGAIN
    assert ways["again"][method] == {"status": 200, "sent": 2, "flags": both, "told": 200}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_write_is_never_sent_again(ways: dict[str, Any], method: str) -> None:
    """It may have been done: nobody knows."""
    assert ways["again"][method] == {"status": 0, "sent": 1, "flags": 0, "told": 0}


def test_a_share_of_what_is_sent_goes_by_new_connections(ways: dict[str, Any]) -> None:
    """Each takes the place of another: a target that counts connections meets no more of them."""
    never, always = ways["new connections"]
    assert never == [1, ConnectionFlags.NEW, 1]
    assert always == [10, 10 * ConnectionFlags.NEW, 1]


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
