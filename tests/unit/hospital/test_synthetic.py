"""Made-up people and files are what they promise to be: unique, tagged, of the right size and type."""

from __future__ import annotations

import unicodedata
from dataclasses import fields

import pytest

from cutover_gates.hospital import PatientDraft
from cutover_gates.hospital.file_types import MAGIC
from cutover_gates.hospital.synthetic import (
    KIB,
    MRN_CHARACTERS,
    NAME_CHARACTERS,
    NAMES,
    FileFactory,
    PatientFactory,
    make_unused_id,
)

TAG = "cut2611231234abcd"


@pytest.fixture
def people() -> PatientFactory:
    return PatientFactory(TAG)


@pytest.fixture
def files() -> FileFactory:
    return FileFactory(TAG)


def test_a_record_number_carries_the_tag_and_is_new(people: PatientFactory) -> None:
    numbers = {people.mrn() for _ in range(500)}
    assert len(numbers) == 500
    assert all(number.startswith(TAG) and len(number) <= MRN_CHARACTERS for number in numbers)


@pytest.mark.parametrize("tag", ["", "with space", "a" * 22, "ü"])
def test_a_tag_that_fits_into_no_record_number_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="a run's tag has 1 to 21"):
        PatientFactory(tag)


def test_no_two_fields_of_a_draft_hold_the_same(people: PatientFactory) -> None:
    """Else swapped fields would not show."""
    draft = people.draft()
    values = [str(getattr(draft, field.name)) for field in fields(PatientDraft)]
    assert len(set(values)) == len(values)
    assert all(values)


def test_drafts_differ_from_each_other(people: PatientFactory) -> None:
    drafts = [people.draft() for _ in range(50)]
    for name in ("mrn", "family_name", "given_name"):
        assert len({getattr(draft, name) for draft in drafts}) == 50


def test_day_and_month_of_a_draft_can_be_told_apart(people: PatientFactory) -> None:
    born = people.draft().birth_date
    assert born.day <= 12
    assert born.day != born.month


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_holds_no_control_characters(people: PatientFactory, kind: str) -> None:
    draft = people.draft_with_name(kind)
    assert not [
        character
        for character in draft.family_name + draft.given_name
        if unicodedata.category(character) == "Cc"
    ]


def test_the_combining_name_is_decomposed() -> None:
    """An editor that normalizes this file would make the check worthless."""
    assert all(unicodedata.normalize("NFC", name) != name for name in NAMES["combining"])


def test_the_longest_names_are_as_long_as_they_may_be(people: PatientFactory) -> None:
    draft = people.longest_draft()
    assert len(draft.family_name) == len(draft.given_name) == NAME_CHARACTERS
    assert {len(character.encode()) for character in draft.family_name} == {2, 3, 4}


def test_a_minimal_patient_has_only_what_must_be(people: PatientFactory) -> None:
    draft = people.minimal_draft()
    assert (draft.given_name, draft.phone, draft.address) == ("", None, None)


@pytest.mark.parametrize("media_type", MAGIC)
@pytest.mark.parametrize("size", [40, 41, KIB, 1024 * KIB])
def test_a_file_has_its_size_and_begins_and_ends_as_its_type_does(
    files: FileFactory, media_type: str, size: int
) -> None:
    content = files.of_type(media_type, size).content
    head, tail = MAGIC[media_type]
    assert len(content) == size
    assert content.startswith(head)
    assert content.endswith(tail)


@pytest.mark.parametrize("size", range(100, 110))
def test_a_text_is_utf8_wherever_it_is_cut(files: FileFactory, size: int) -> None:
    assert len(files.of_type("text/plain", size).content.decode()) <= size


def test_a_text_holds_both_kinds_of_line_end(files: FileFactory) -> None:
    content = files.of_type("text/plain").content
    assert b"\r\n" in content
    assert b"\n\n" in content


def test_a_binary_file_holds_every_byte_value(files: FileFactory) -> None:
    assert set(files.of_type("image/png").content) == set(range(256))


def test_too_small_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match="has at least"):
        FileFactory(TAG).of_type("application/pdf", 3)


def test_the_tiny_file_has_one_byte(files: FileFactory) -> None:
    assert len(files.tiny().content) == 1


def test_a_target_may_take_shorter_names() -> None:
    draft = PatientFactory(TAG, 100).longest_draft(more=1)
    assert (len(draft.family_name), len(draft.given_name)) == (101, 100)


def test_of_a_type_that_the_target_refuses_another_file_is_made() -> None:
    """Checks that need any document would else fail where text is no allowed type."""
    files = FileFactory(TAG, ("application/dicom", "application/pdf"))
    for upload in (files.of_type("text/plain", 50), files.tiny(), files.with_name("../a.txt")):
        assert upload.media_type == "application/dicom"
        assert not upload.file_name.endswith(".txt")
    assert files.of_type("application/pdf").media_type == "application/pdf"
    assert FileFactory(TAG, ("image/png",)).tiny().content == b"".join(MAGIC["image/png"])
    assert files.with_name("../a.txt").file_name.startswith("../a.")


def test_two_ids_of_nobody_are_two() -> None:
    """Numbers, too: what differs between them is what a target says of any."""
    nobody = make_unused_id("42")
    assert make_unused_id(nobody) != nobody


@pytest.mark.parametrize(
    "known", ["3f1c0a52-7a0e-4a67-9d5e-0d5b2c3a4f10", "42", "123456789", "pat-00ab"]
)
def test_an_unlike_id_is_of_the_same_make(known: str) -> None:
    other = make_unused_id(known)
    assert other != known
    assert other.isdigit() == known.isdigit()
    assert [character for character in other if not character.isalnum()] == [
        character for character in known if not character.isalnum()
    ]
