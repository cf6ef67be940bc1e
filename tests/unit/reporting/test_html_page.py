"""The HTML page."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from cutover_gates.core.verdict import Outcome, Verdict
from cutover_gates.reporting.html_report import to_html
from tests.unit.reporting.sample_verdicts import decision, sample_verdict

HOSTILE = (
    "<script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)>\"'`</pre></details>"
)
VOID = {"meta", "br"}


class Tags(HTMLParser):
    """Every tag with its attributes, and whether each one that opens closes in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def hostile() -> Verdict:
    evidence = [
        {
            "kind": "exchange",
            "method": HOSTILE,
            "url": HOSTILE,
            "status": 500,
            "seconds": 0.1,
            "curl": HOSTILE,
            HOSTILE: HOSTILE,
        },
        {"kind": "observation", "title": HOSTILE, "facts": {HOSTILE: [HOSTILE]}},
        {"kind": HOSTILE, "anything": HOSTILE},
        {"kind": "left-out", "count": 3},
    ]
    return sample_verdict(
        {"patients": Outcome.FAILED, "redis": Outcome.ERROR},
        why=HOSTILE,
        evidence=evidence,
        run_errors=(HOSTILE,),
        release=HOSTILE,
        address=HOSTILE,
        waived=(decision("redis", by=HOSTILE, reason=HOSTILE, release=HOSTILE),),
    )


def test_hostile_text_stays_text() -> None:
    """Whatever the target sent is shown, and none of it becomes a tag."""
    page = to_html(hostile())
    tags = {tag for tag, _ in Tags(page).found}
    assert not tags & {"script", "img", "iframe", "object", "link", "form"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_no_attribute_reaches_out_or_runs() -> None:
    """The page is whole by itself: links lead only into it, and nothing is loaded."""
    for verdict in (sample_verdict(), hostile()):
        for _tag, attributes in Tags(to_html(verdict)).found:
            assert not {"src", "srcset", "action", "style"} & attributes.keys()
            assert not [name for name in attributes if name.startswith("on")]
            assert (attributes.get("href") or "#").startswith("#")


def test_the_page_is_well_formed(every_word: list[Verdict]) -> None:
    """Every tag that opens closes in its turn, and every link finds its place."""
    for verdict in every_word:
        tags = Tags(to_html(verdict))
        assert tags.open == []
        ids = [attributes["id"] for _, attributes in tags.found if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert {
            (attributes["href"] or "")[1:] for tag, attributes in tags.found if tag == "a"
        } <= set(ids)


def test_the_stylesheet_loads_nothing_and_is_allowed_by_its_hash() -> None:
    """The policy forbids everything but this one stylesheet."""
    page = to_html(sample_verdict())
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(
        attributes["content"]
        for _, attributes in Tags(page).found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert (
        policy
        == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_every_item_stands_on_the_page_with_its_outcome_in_words(every_word: list[Verdict]) -> None:
    """Nobody needs to see colours."""
    for verdict in every_word:
        page = to_html(verdict)
        for result in verdict.items:
            assert re.search(
                rf'id="item-{result.item.id}".*?<span'
                rf' class="outcome">{result.outcome.value}</span>',
                page,
                re.DOTALL,
            )


def test_a_screen_reader_finds_its_way() -> None:
    """A language, a title, landmarks, and one first heading, which is the word."""
    page = to_html(sample_verdict())
    tags = [tag for tag, _ in Tags(page).found]
    assert all(
        tags.count(landmark) == 1 for landmark in ("header", "main", "footer", "h1", "title")
    )
    assert "<h1>GO</h1>" in page
    assert '<html lang="en">' in page


def test_a_failed_item_is_open_and_shows_its_command() -> None:
    """What must be seen needs no click."""
    evidence = [
        {
            "kind": "exchange",
            "method": "GET",
            "url": "https://main.hospital.example/api/v1/patients?mrn=7",
            "status": None,
            "seconds": 0.012,
            "curl": "curl -sS https://main.hospital.example/api/v1/patients?mrn=7",
            "error": "ConnectError",
        }
    ]
    page = to_html(sample_verdict({"patients": Outcome.FAILED}, evidence=evidence))
    assert '<details id="item-patients" class="item failed" open>' in page
    assert "GET /api/v1/patients?mrn=7 → no answer, 12 ms" in page
    assert ">curl -sS https://main.hospital.example/api/v1/patients?mrn=7</pre>" in page


def test_the_page_is_bound_to_what_was_judged() -> None:
    """Release, migration, commit, settings, host and times stand at its foot."""
    foot = to_html(sample_verdict()).split("<footer>")[1]
    assert all(
        fact in foot
        for fact in (
            "2.0.0",
            "<dd>8</dd>",
            "commit abc",
            "0" * 64,
            "runner",
            "2026-11-23 02:00:00 UTC",
        )
    )


def test_a_page_of_the_demonstration_never_says_production() -> None:
    """Not even where the settings claim it."""
    assert (
        "production"
        not in to_html(sample_verdict(kind="embedded", target="embedded", production=True)).lower()
    )


def test_a_waiver_shows_who_and_until_when() -> None:
    """A GO with waivers names them at the top."""
    page = to_html(
        sample_verdict(
            {"patients": Outcome.FAILED}, waived=(decision("patients"), decision("all-of-it"))
        )
    )
    assert "<h1>GO WITH WAIVERS · 2 waived</h1>" in page
    waivers = page.split('id="waivers"')[1].split("</section>")[0]
    assert "<strong>Ada Example</strong>" in waivers
    assert "<strong>2026-11-24 02:00:00 UTC</strong>" in waivers
    assert "failed: smoke/test_patients.py::test_it: it broke" in waivers
