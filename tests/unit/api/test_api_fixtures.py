"""What a safe run makes for itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from cutover_gates.hospital import Driver, Role, Session, Unsupported
from cutover_gates.probes.api.fuzzing.fuzz_configuration import create_example_ids


class Clinic:
    """A hospital that makes what it offers."""

    def __init__(self, *offers: str) -> None:
        self.offers = offers

    def __getattr__(self, name: str) -> Any:
        def make(*_: object) -> SimpleNamespace:
            if name not in self.offers:
                raise Unsupported(name, "it has none")
            return SimpleNamespace(id=f"id of {name}")

        return make


def ids(*offers: str) -> dict[str, str]:
    return create_example_ids(
        cast(Driver, Clinic(*offers)),
        lambda role: Session(role.value, "token"),
        "cut2611",
        "text/plain",
    )


def test_it_makes_one_of_each_and_gives_their_ids() -> None:
    """By both names that paths give them."""
    made = ids("register", "open_visit", "upload")
    assert made == {
        "patient_id": "id of register",
        "patientId": "id of register",
        "visit_id": "id of open_visit",
        "visitId": "id of open_visit",
        "document_id": "id of upload",
        "documentId": "id of upload",
    }


def test_what_cannot_be_made_is_left_out() -> None:
    assert set(ids("register")) == {"patient_id", "patientId"}
    assert ids() == {}


def test_the_role_that_may_make_it_makes_it() -> None:
    asked: list[Role] = []

    def session(role: Role) -> Session:
        asked.append(role)
        return Session(role.value, "token")

    create_example_ids(
        cast(Driver, Clinic("register", "open_visit", "upload")), session, "cut2611", "text/plain"
    )
    assert asked == [Role.REGISTRAR, Role.CLINICIAN]
