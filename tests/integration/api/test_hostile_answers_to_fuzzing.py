"""Hostile answers to a fuzzing run: a finding with its figure, in bounded memory and time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.fuzzing import rules
from cutover_gates.probes.api.fuzzing.assessments import ALL_OPERATIONS, FuzzAssessments
from cutover_gates.probes.api.fuzzing.fuzz_configuration import FuzzProfile
from cutover_gates.probes.api.fuzzing.fuzz_runner import GRACE_SECONDS, run_schemathesis
from cutover_gates.probes.api.fuzzing.fuzz_summary import summarize_run
from cutover_gates.probes.api.fuzzing.model import FuzzPlan
from tests.child_memory import ChildMemory
from tests.standins.hostile_answers import HOSTILE, Answer, reply, send
from tests.standins.http_server import running_socket_server

ANSWER_SECONDS = 1.0
PROFILE = FuzzProfile("safe", 30, 500, 1, ANSWER_SECONDS)
MEMORY = 400 << 20
"""Bytes that the run's process may have had at most."""
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/patients": {
            "get": {
                "operationId": "list",
                "responses": {
                    "200": {
                        "description": "all",
                        "content": {
                            kind: {"schema": {"type": "object"}}
                            for kind in ("application/json", "application/yaml", "application/xml")
                        },
                    }
                },
            }
        }
    },
}
LAUGHS = (
    b"<!DOCTYPE a [<!ENTITY a0 'lol'>"
    + b"".join(b"<!ENTITY a%d '%s'>" % (n + 1, b"&a%d;" % n * 10) for n in range(12))
    + b"]><a>&a12;</a>"
)
ALIASES = b"a0: &a0 [lol]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (n + 1, n + 1, b",".join([b"*a%d" % n] * 10)) for n in range(12)
)
EVENTS = HOSTILE["gzip"].replace(b"application/json", b"text/event-stream")  # type: ignore[union-attr]  # its bytes
thorough = pytest.mark.thorough
BOUNDED = [
    pytest.param(HOSTILE["gzip"], "more than 16777216 bytes after gzip is decoded", id="gzip"),
    pytest.param(HOSTILE["closed lists"], "nested 200000 levels deep", id="lists"),
    pytest.param(HOSTILE["a head that drips"], "no complete answer within 1 s", id="slow head"),
    pytest.param(reply(LAUGHS, media_type="application/xml"), "entities", id="entities"),
    pytest.param(HOSTILE["gzip in gzip"], "after gzip", id="gzip in gzip", marks=thorough),
    pytest.param(HOSTILE["raw deflate"], "after deflate", id="raw deflate", marks=thorough),
    pytest.param(HOSTILE["chunks without an end"], "bytes", id="endless", marks=thorough),
    pytest.param(HOSTILE["a body that drips"], "within 1 s", id="slow body", marks=thorough),
    pytest.param(HOSTILE["empty lists"], "500000 values", id="empty lists", marks=thorough),
    pytest.param(HOSTILE["brotli"], "br, which was not requested", id="brotli", marks=thorough),
    pytest.param(EVENTS, "compressed event stream", id="events", marks=thorough),
    pytest.param(
        reply(LAUGHS.decode().encode("utf-16"), media_type="application/xml"),
        "entities",
        id="entities in UTF-16",
        marks=thorough,
    ),
]
"""Answers that our own bounds refuse, and what the finding says."""
OTHERS = {
    "headers without an end": HOSTILE["headers without an end"],
    "one header without an end": HOSTILE["one header without an end"],
    "a hundred thousand headers": HOSTILE["a hundred thousand headers"],
    "hints without an end": HOSTILE["hints without an end"],
    "deep XML": reply(b"<a>" * 200_000 + b"</a>" * 200_000, media_type="application/xml"),
    "deep YAML": reply(b"[" * 200_000 + b"]" * 200_000, media_type="application/yaml"),
    "deep JSON as text": reply(b"[" * 200_000, media_type="text/plain"),
}
"""Answers that urllib3 or a parser of schemathesis refuses."""


@pytest.fixture
def judge() -> Iterator[Callable[[Answer], Assessment]]:
    """Make a run over an API that gives one answer to everything, and hold it to its bounds."""
    started = time.monotonic()
    sampler = ChildMemory()

    def run(answer: Answer) -> Assessment:
        with running_socket_server(partial(send, answer=answer)) as url:
            document = ApiDocument(DOCUMENT, url)
            plan = FuzzPlan(document, PROFILE, "Authorization", lambda: "Bearer t")
            summary = summarize_run(document, PROFILE, run_schemathesis(plan))
        today = datetime.now(UTC).date()
        return FuzzAssessments(summary, (), today).assess_operation(ALL_OPERATIONS)

    with sampler.watching():
        yield run
    assert time.monotonic() - started < PROFILE.seconds + GRACE_SECONDS
    assert 0 < sampler.most < MEMORY


@pytest.mark.parametrize(("answer", "says"), BOUNDED)
def test_an_answer_beyond_a_bound_is_a_finding(
    answer: Answer, says: str, judge: Callable[[Answer], Assessment]
) -> None:
    """The finding says which bound, and no second and no byte more is spent than allowed."""
    found = judge(answer).findings
    assert [finding.rule for finding in found] == [rules.ANSWER_BOUNDED], found
    assert says in found[0].actual


@pytest.mark.thorough
@pytest.mark.parametrize("name", OTHERS)
def test_no_other_answer_gets_through(name: str, judge: Callable[[Answer], Assessment]) -> None:
    assessment = judge(OTHERS[name])
    assert assessment.findings or assessment.not_proven


@pytest.mark.thorough
def test_aliases_of_yaml_cost_nothing(judge: Callable[[Answer], Assessment]) -> None:
    """They are references, so the answer is what the document says, and is read within the bounds."""
    assert not judge(reply(ALIASES, media_type="application/yaml")).findings
