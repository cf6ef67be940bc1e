"""Rules of what is kept of a check."""

from __future__ import annotations

import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from cutover_gates.core.evidence.exchange import Body, Exchange, Part, answer_facts
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.hospital import Sex


def test_a_curl_can_be_pasted_and_names_the_token() -> None:
    """Quoted for a shell; `$TOKEN` stays where the shell will fill it in."""
    exchange = Exchange(
        "POST",
        "http://h/p?a=1&b=2",
        201,
        0.1,
        headers={"authorization": "Bearer $TOKEN"},
        body=Body.of(b'{"name": "O\'Hara"}'),
    )
    words = shlex.split(exchange.curl())
    assert words[:4] == ["curl", "-sS", "-X", "POST"]
    assert "authorization: Bearer $TOKEN" in words
    assert '"authorization: Bearer $TOKEN"' in exchange.curl()
    assert words[words.index("--data-raw") + 1] == '{"name": "O\'Hara"}'
    assert words[-1] == "http://h/p?a=1&b=2"


def test_a_curl_of_an_upload_describes_the_file_and_never_names_a_path() -> None:
    """A pasted command must not send the reader's own /etc/passwd because a check tried that name."""
    parts = (Part("file", None, '../../etc/"passwd', "text/plain", 3, "abc"), Part("tag", "@run"))
    command = Exchange("POST", "http://h/d", 201, 0.1, body=Body.of(b"--x", parts)).curl()
    assert "=@upload.bin" in command
    assert "upload.bin has 3 bytes, sha256 abc" in command
    assert "--form-string tag=@run" in command


def test_a_long_or_binary_body_is_kept_as_size_and_hash() -> None:
    """Only a short text is kept as it is."""
    assert Body.of(b"short").text == "short"
    for content in (b"x" * 2049, b"\xff\xfe"):
        body = Body.of(content)
        assert (body.text, body.size) == (None, len(content))
        assert body.sha256


def test_of_an_answer_only_the_allowed_facts_are_kept() -> None:
    """Nothing of a good answer's content, and of an error its problem members and the names of its
    fields.
    """
    patient = json.dumps({"title": "Dr", "detail": "Anna Real", "status": "ill"}).encode()
    assert answer_facts(200, "application/json", patient) == {
        "media_type": "application/json",
        "size": len(patient),
    }
    problem = json.dumps(
        {
            "title": "Bad",
            "patient": "Anna Real",
            "errors": [{"field": "mrn", "message": "Anna Real"}],
        }
    ).encode()
    facts = answer_facts(422, "application/problem+json", problem)
    assert facts["title"] == "Bad"
    assert facts["fields"] == ["mrn"]
    assert "Anna" not in json.dumps(facts)
    assert answer_facts(500, "text/html", b"<h1>Anna Real</h1>") == {
        "media_type": "text/html",
        "size": 18,
    }


def test_the_first_and_the_last_entries_are_kept_with_a_count_between() -> None:
    """A check that asks a thousand times leaves evidence that can be read."""
    recorder = Recorder(cap=4)
    recorder.begin("check")
    for number in range(10):
        recorder.observe("n", number=number)
    entries = recorder.end()
    assert [entry.get("facts", {}).get("number") for entry in entries] == [0, 1, None, 8, 9]
    assert entries[2] == {"kind": "left-out", "count": 6}


def test_evidence_is_redacted_and_json_able_when_it_ends() -> None:
    """Dates, enumerations, bytes and secrets."""
    redactor = Redactor()
    redactor.learn("token", "s3cr3t-value")
    recorder = Recorder(redactor)
    recorder.begin("check")
    recorder.observe(
        "seen", on=date(2026, 1, 2), sex=Sex.FEMALE, content=b"abc", note="s3cr3t-value", rows={1}
    )
    recorder.record_exchange(
        Exchange("GET", "http://h/s3cr3t-value", None, 1.0, error="ReadTimeout")
    )
    text = json.dumps(recorder.end(), ensure_ascii=False)
    assert "s3cr3t" not in text
    assert "‹token›" in text
    assert '"on": "2026-01-02"' in text
    assert '"sex": "female"' in text


def test_what_is_seen_between_checks_is_kept_apart() -> None:
    """A session fixture's requests belong to no check."""
    recorder = Recorder()
    recorder.observe("before")
    recorder.begin("check")
    recorder.observe("within")
    assert [entry["title"] for entry in recorder.end()] == ["within"]
    recorder.observe("after")
    assert [entry["title"] for entry in recorder.between_checks()] == ["before", "after"]
    assert recorder.end() == []


def test_threads_of_one_check_write_to_one_list() -> None:
    """Nothing is lost."""
    recorder = Recorder(cap=5000)
    recorder.begin("check")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: recorder.observe("n", number=number), range(1000)))
    assert sorted(entry["facts"]["number"] for entry in recorder.end()) == list(range(1000))


def test_a_secret_learnt_late_is_masked_in_what_was_seen_before() -> None:
    """A token is in an address before anyone knows that it is one."""
    recorder = Recorder()
    recorder.begin("check")
    recorder.observe("seen", address="http://h/opaque-value-1")
    recorder.redactor.learn("late", "opaque-value-1")
    assert recorder.end()[0]["facts"] == {"address": "http://h/‹late›"}
