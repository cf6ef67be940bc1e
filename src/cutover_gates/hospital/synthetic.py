"""Factories of synthetic people and files.

No real person is described: names come from a fixed list, and every record number carries the
run's tag. Each call returns unique values, so that checks can run at the same time, and again, on
one target.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import cycle, islice

from cutover_gates.hospital import Credentials, PatientDraft, Session, Sex, Upload
from cutover_gates.hospital.file_types import MAGIC, suffix_of

MRN_CHARACTERS = 32
"""The longest medical record number that the default dialect takes."""

NAME_CHARACTERS = 200
"""The longest name that the default dialect takes."""

TOKEN_BYTES = 5
KIB = 1024

NAMES: Mapping[str, tuple[str, str]] = {
    "plain": ("Okafor", "Adaeze"),
    "accents": ("Ångström-Šimůnková", "Zoë"),
    "apostrophes": ("O'Brien-D’Arcy", "Siobhán"),
    "spaces": ("van der  Berg", "Anna Maria"),
    "cjk": ("欧阳", "娜娜"),
    "hangul": ("남궁", "민수"),
    "arabic": ("الخطيب", "ليلى"),
    "hebrew": ("בן־דוד", "נועה"),
    "devanagari": ("शर्मा", "क्षितिज"),
    # These are kept decomposed: a target that normalizes a name changes it.
    "combining": ("Nguye\u0302\u0303n", "Zoe\u0308"),
    "beyond-the-basic-plane": ("𠮷野", "🙂"),
    "markup": ('<b>Smith</b> & "Co"', "{{7*7}}%s"),
    "sql": ("Robert'); DROP TABLE patients;--", "%_\\"),
    "words-for-nothing": ("Null", "None"),
}
"""Names that software tends to break: family name and given name of each kind."""


def token() -> str:
    """Return ten hexadecimal characters that are unique.

    They do not come from `random`: a seed that makes a run repeatable would make them repeat.
    """
    return secrets.token_hex(TOKEN_BYTES)


@dataclass(frozen=True)
class PatientFactory:
    """Factory of patients' drafts, and of accounts that do not exist, for the run called `tag`.

    `name_characters` is the greatest length of a name that the target stores whole.
    """

    tag: str
    name_characters: int = NAME_CHARACTERS

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9-]+", self.tag) or len(self.mrn()) > MRN_CHARACTERS:
            room = MRN_CHARACTERS - 2 * TOKEN_BYTES - 1
            raise ValueError(
                f"a run's tag has 1 to {room} letters, digits or hyphens, so that it fits into a"
                f" record number; given: {self.tag!r}"
            )

    def mrn(self) -> str:
        """Return a medical record number that nobody has."""
        return f"{self.tag}-{token()}"

    def draft(self) -> PatientDraft:
        """Return an ordinary patient.

        No two fields hold the same value, so that swapped fields are noticed. The birth date is the
        4th of March, so that a swapped day and month are noticed.
        """
        unique = token()
        return PatientDraft(
            self.mrn(),
            f"Okafor-{unique}",
            f"Adaeze-{unique[::-1]}",
            date(1987, 3, 4),
            Sex.FEMALE,
            f"+4930{int(unique, 16) % 10**8:08d}",
            f"{int(unique, 16) % 97 + 1} Harbour Road, Bremen",
        )

    def draft_with_name(self, kind: str) -> PatientDraft:
        """Return a patient whose name is one of `NAMES`."""
        family_name, given_name = NAMES[kind]
        return PatientDraft(self.mrn(), family_name, given_name, date(2000, 2, 29), Sex.OTHER)

    def minimal_draft(self) -> PatientDraft:
        """Return a patient of whom almost nothing is known: one letter and no given name."""
        return PatientDraft(self.mrn(), "X", "", date(2024, 12, 31), Sex.UNKNOWN)

    def longest_draft(self, more: int = 0) -> PatientDraft:
        """Return a patient with the longest names, of characters with two, three and four bytes.

        The family name has `more` characters than the target takes.
        """
        length = self.name_characters
        family_name = "".join(islice(cycle("é語𠮷"), length + more))
        return PatientDraft(self.mrn(), family_name, "Ж" * length, date(1900, 1, 1), Sex.MALE)

    def unknown_credentials(self) -> Credentials:
        """Return an account that does not exist."""
        return Credentials(f"nobody-{self.mrn()}", f"No-1-knows-{token()}")


@dataclass(frozen=True)
class FileFactory:
    """Factory of files for the run called `tag`.

    `media_types` are those that the target takes, none where it takes all. Of any other type a
    file of the first of them is made.
    """

    tag: str
    media_types: tuple[str, ...] = ()

    def of_type(self, media_type: str, size: int = KIB) -> Upload:
        """Return a file of a type, with exactly `size` bytes.

        A text is UTF-8 with both kinds of line end. The other types hold every byte value; those in
        `MAGIC` begin and end as their readers expect. Raises ValueError where `size` is less than
        the type needs.
        """
        media_type = self._allowed(media_type)
        head, tail = MAGIC.get(media_type, (b"", b""))
        room = size - len(head) - len(tail)
        if room < 0:
            raise ValueError(
                f"a file of {media_type} has at least {len(head) + len(tail)} bytes; asked for:"
                f" {size}"
            )
        filling = _make_text(room) if media_type.startswith("text/") else _make_bytes(room)
        return Upload(self.name(suffix_of(media_type)), media_type, head + filling + tail)

    def tiny(self) -> Upload:
        """Return a file of one byte; where the target takes no text, the smallest of its types."""
        media_type = self._allowed("text/plain")
        smallest = b"".join(MAGIC.get(media_type, ())) or b"x"
        return Upload(self.name(suffix_of(media_type)), media_type, smallest)

    def of_forbidden_type(self, media_type: str, suffix: str) -> Upload:
        """Return a file that declares a forbidden type and begins like a program."""
        return Upload(self.name(suffix), media_type, b"MZ\x90\x00" + _make_bytes(KIB))

    def with_name(self, file_name: str) -> Upload:
        """Return a small text under this name, or a file of another type with another suffix."""
        upload = self.of_type("text/plain")
        suffix = suffix_of(upload.media_type)
        return replace(upload, file_name=f"{file_name.removesuffix('.txt')}.{suffix}")

    def _allowed(self, media_type: str) -> str:
        if not self.media_types or media_type in self.media_types:
            return media_type
        return self.media_types[0]

    def name(self, suffix: str) -> str:
        """Return a new file name that carries the run's tag."""
        return f"{self.tag}-{token()}.{suffix}"


@dataclass(frozen=True)
class ForgedSessions:
    """Sessions that a target must refuse. `unsigned` has one for each spelling of `alg: none`."""

    made_up: Session
    tampered: Session
    unsigned: tuple[Session, ...]
    expired_or_why_not: Session | Exception

    @property
    def expired(self) -> Session:
        """A session that was valid once. Raises what the settings say where there is none."""
        if isinstance(self.expired_or_why_not, Exception):
            raise self.expired_or_why_not
        return self.expired_or_why_not


HOSTILE_IDS = ("'\"--;", "\x00", "9" * 40, "🙂", "..", "null")
"""Texts that strangers put where an id belongs."""


def _make_bytes(size: int) -> bytes:
    """Return random bytes that hold every byte value where `size` allows.

    So zero bytes, line ends and bytes that are not UTF-8 all occur.
    """
    return (bytes(range(256)) + secrets.token_bytes(max(0, size - 256)))[:size]


def _make_text(size: int) -> bytes:
    line = f"Blutdruck 120/80 – „gut“, 体温 36.6 °C {token()}\r\nzweite Zeile\n\n".encode()
    whole = (line * (size // len(line) + 1))[:size]
    kept = whole.decode(errors="ignore").encode()
    # The cut may fall inside a character. That would not be text, so full stops fill the rest.
    return kept + b"." * (size - len(kept))


def make_unused_id(known_id: str) -> str:
    """Return an id of the same form as `known_id` that in all likelihood nothing has."""
    if known_id.isdigit():
        candidates = iter(lambda: f"9{secrets.randbelow(10**8):08d}", "")
        return next(candidate for candidate in candidates if candidate != known_id)
    # Letters beyond f and separators keep their place, so that a UUID stays a UUID.
    digits = dict.fromkeys("0123456789abcdef", "0123456789abcdef")
    return "".join(secrets.choice(digits.get(character, character)) for character in known_id)
