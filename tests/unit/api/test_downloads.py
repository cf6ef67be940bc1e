"""The headers of a download: type, file name, ETag."""

from __future__ import annotations

import pytest

from cutover_gates.hospital import Document, ObservedAnswer
from cutover_gates.probes.api.headers import rules
from cutover_gates.probes.api.headers.downloads import (
    find_wrong_download,
    find_wrong_tags,
    parse_disposition,
)

DOCUMENT = Document("1", "2", "naïve letter.pdf", "application/pdf")
NAMED = "attachment; filename=\"letter.pdf\"; filename*=UTF-8''na%C3%AFve%20letter.pdf"
RIGHT = {"content-type": "application/pdf", "content-disposition": NAMED}


def answer(headers: dict[str, str], content: bytes = b"x") -> ObservedAnswer:
    return ObservedAnswer("GET", "/content", 200, headers, content)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('attachment; filename="a b.txt"', ("attachment", "a b.txt")),
        ("attachment; filename=a.txt", ("attachment", "a.txt")),
        (NAMED, ("attachment", "naïve letter.pdf")),
        ("inline", ("inline", "")),
        ("", ("", "")),
    ],
)
def test_a_disposition_is_read_as_browsers_read_it(text: str, expected: tuple[str, str]) -> None:
    assert parse_disposition(text) == expected


def test_a_right_download_is_no_finding() -> None:
    assert list(find_wrong_download(DOCUMENT, answer(RIGHT), names_files=True)) == []


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"content-type": "application/octet-stream"}, rules.DOWNLOAD_TYPE),
        ({"content-disposition": NAMED.replace("attachment", "inline")}, rules.DOWNLOAD_NAME),
        ({"content-disposition": 'attachment; filename="x"'}, rules.DOWNLOAD_NAME),
        ({"content-disposition": ""}, rules.DOWNLOAD_NAME),
    ],
)
def test_a_wrong_header_is_a_finding(changed: dict[str, str], rule: object) -> None:
    found = find_wrong_download(DOCUMENT, answer({**RIGHT, **changed}), names_files=True)
    assert [finding.rule for finding in found] == [rule]


def test_a_target_that_names_no_files_is_not_asked_for_names_but_wrong_ones_are_found() -> None:
    silent = answer({"content-type": "application/pdf"})
    assert list(find_wrong_download(DOCUMENT, silent, names_files=False)) == []
    wrong = answer({**RIGHT, "content-disposition": 'attachment; filename="x"'})
    found = find_wrong_download(DOCUMENT, wrong, names_files=False)
    assert [finding.rule for finding in found] == [rules.DOWNLOAD_NAME]


def test_a_content_has_one_etag_at_its_address() -> None:
    same, other = [answer({"etag": '"a"'}), answer({"etag": '"a"'})], answer({"etag": '"a"'}, b"y")
    assert list(find_wrong_tags([*same, other])) == []
    changing = answer({"etag": '"c"'})
    assert [one.subject for one in find_wrong_tags([*same, changing])] == ["the same document"]
    assert list(find_wrong_tags([answer({}), answer({}, b"y")])) == []
