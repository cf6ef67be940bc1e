"""Values that software tends to cut, change or lose, for checks of what was acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from cutover_gates.hospital.synthetic import KIB, NAMES, FileFactory, PatientFactory
from cutover_gates.hospital.values import PatientDraft, Sex, Upload

MIB = 1024 * KIB


def _name(kind: str, people: PatientFactory) -> PatientDraft:
    return people.draft_with_name(kind)


def _changed(changes: Mapping[str, Any], people: PatientFactory) -> PatientDraft:
    return replace(people.draft(), **changes)


def _zero_padded(files: FileFactory) -> Upload:
    upload = files.of_type("application/pdf")
    return replace(upload, content=upload.content + bytes(16))


HARD_PATIENTS: Mapping[str, Callable[[PatientFactory], PatientDraft]] = {
    "ordinary": PatientFactory.draft,
    "minimal": PatientFactory.minimal_draft,
    "longest-names": PatientFactory.longest_draft,
    **{f"name-{kind}": partial(_name, kind) for kind in NAMES},
    # One letter in its two spellings: a target that normalizes makes them equal.
    "name-composed": partial(_changed, {"family_name": "Zo\u00eb"}),
    "name-decomposed": partial(_changed, {"family_name": "Zoe\u0308"}),
    "born-on-a-leap-day": partial(_changed, {"birth_date": date(2024, 2, 29)}),
    "born-in-another-century": partial(_changed, {"birth_date": date(1904, 2, 29)}),
    "born-on-new-years-day": partial(_changed, {"birth_date": date(1970, 1, 1)}),
    # In summer time a time zone moves midnight by another hour than in winter.
    "born-in-summer": partial(_changed, {"birth_date": date(1987, 7, 15)}),
    "born-in-southern-summer": partial(_changed, {"birth_date": date(1987, 12, 24)}),
    "born-a-hundred-years-ago": partial(_changed, {"birth_date": date(1924, 11, 30)}),
    **{f"sex-{sex.value}": partial(_changed, {"sex": sex}) for sex in Sex},
    "no-given-name": partial(_changed, {"given_name": ""}),
    "no-phone": partial(_changed, {"phone": None}),
    "no-address": partial(_changed, {"address": None}),
    # E.164 allows fifteen digits. One that ends in zeros must not be kept as a number.
    "longest-phone": partial(_changed, {"phone": "+999123456789000"}),
    "phone-with-leading-zeros": partial(_changed, {"phone": "00493012300"}),
    "longest-address": partial(_changed, {"address": "Große Straße 12, " * 14 + "Bremen"}),
    "address-in-other-scripts": partial(_changed, {"address": "Straße „Ö’s“ 1, 東京 <&>"}),
    "address-beyond-the-basic-plane": partial(_changed, {"address": "𠮷野家 1, 東京"}),
}
"""Patients whose values are hard to keep, each by a name."""

CORRECTIONS: Mapping[str, Mapping[str, Any]] = {
    "family-name": {"family_name": "O'Brien-Ångström"},
    "given-name": {"given_name": "Zoe\u0308 欧阳"},
    "birth-date": {"birth_date": date(2000, 2, 29)},
    "birth-date-in-summer": {"birth_date": date(1991, 7, 15)},
    **{f"sex-{sex.value}": {"sex": sex} for sex in Sex if sex is not Sex.FEMALE},
    "given-name-removed": {"given_name": ""},
    "longest-names": {"family_name": "é語𠮷" * 66, "given_name": "Ж" * 200},
    "phone": {"phone": "+49301111111"},
    "longest-phone": {"phone": "+999123456789000"},
    "phone-removed": {"phone": None},
    "address": {"address": "1 New Street, Straße"},
    "address-removed": {"address": None},
    "everything": {
        "family_name": "Жуков",
        "given_name": "Ирина",
        "birth_date": date(1999, 12, 31),
        "sex": Sex.MALE,
        "phone": "+49302222222",
        "address": "2 New Street",
    },
}
"""Corrections of a patient: the changed fields of each. Every field has one of its own."""

HARD_FILES: Mapping[str, Callable[[FileFactory], Upload]] = {
    "one-byte": FileFactory.tiny,
    "text-with-both-line-ends": lambda files: files.of_type("text/plain"),
    "every-byte-value": lambda files: files.of_type("application/pdf"),
    "picture": lambda files: files.of_type("image/png"),
    "photograph": lambda files: files.of_type("image/jpeg"),
    "larger-than-a-buffer": lambda files: files.of_type("application/pdf", MIB),
    "ends-in-line-ends": lambda files: replace(files.tiny(), content=b"\r\n x \t\r\n\n"),
    "byte-order-mark": lambda files: replace(files.tiny(), content="\ufeffBefund\n".encode()),
    "ends-in-zero-bytes": _zero_padded,
    # One byte more than sizes at which buffers end.
    "just-over-a-buffer": lambda files: files.of_type("application/pdf", 64 * KIB + 1),
    "long-name": lambda files: files.with_name(f"{'Befund' * 30}.txt"),
    "name-with-signs-of-addresses": lambda files: files.with_name("Befund+MRT & CT #2 (neu).txt"),
    "name-in-upper-case": lambda files: files.with_name("BEFUND.TXT"),
    "name-in-other-scripts": lambda files: files.with_name("Röntgen „links“ 胸部 α.txt"),
}
"""Files whose bytes or descriptions are hard to keep."""

HARD_REASONS: Mapping[str, str] = {
    "ordinary": "Chest pain since two days",
    "long": "Schmerzen in der Brust; " * 10 + "Ende",
    "in-other-scripts": 'Schmerzen – "stechend"; 胸痛 <links> & rechts',
}
"""Reasons of a visit that are hard to keep, each by a name."""
