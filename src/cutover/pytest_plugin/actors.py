"""Who acts in a check, and the fresh things that they act on.

The target itself and everything else is in `fixtures`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from cutover.hospital import (
    Credentials,
    Document,
    Door,
    FrontDesk,
    Misbehaved,
    Move,
    Patient,
    Records,
    Refused,
    Role,
    Session,
    Status,
    Visit,
    Ward,
)
from cutover.synthetic import Files, People

if TYPE_CHECKING:
    from cutover.drivers import Ledgered, TokenKeeper


class NotArranged(Exception):
    """What a check needs could not be arranged: the check was not made, so this is an error of the
    check and no finding of its item.
    """


@contextmanager
def arranging(what: str) -> Iterator[None]:
    """A refusal or misbehaviour inside becomes `NotArranged`, in words."""
    try:
        yield
    except (Refused, Misbehaved) as error:
        raise NotArranged(
            f"{what} could not be arranged, so the check was not made\n{error}"
        ) from None


# ── who acts ──


@pytest.fixture(scope="session")
def sessions(
    keeper: TokenKeeper, accounts: Callable[[Role], Credentials]
) -> Callable[[Role], Session]:
    """`sessions(role)`: a living session.

    Signs in at the first use, so that only roles that a check needs must have an account.
    """

    def living(role: Role) -> Session:
        accounts(role)
        with arranging(f"the session of a {role.value}"):
            return keeper.session(role)

    return living


@pytest.fixture
def registrar(sessions: Callable[[Role], Session]) -> Session:
    """A registrar of this facility, signed in."""
    return sessions(Role.REGISTRAR)


@pytest.fixture
def clinician(sessions: Callable[[Role], Session]) -> Session:
    """A clinician of this facility, signed in."""
    return sessions(Role.CLINICIAN)


@pytest.fixture
def administrator(sessions: Callable[[Role], Session]) -> Session:
    """An administrator, signed in: may see everything."""
    return sessions(Role.ADMINISTRATOR)


@pytest.fixture
def outsider(sessions: Callable[[Role], Session]) -> Session:
    """A clinician of another facility, signed in: must see nothing of this one."""
    return sessions(Role.OUTSIDER)


@pytest.fixture
def own_session(door: Door, accounts: Callable[[Role], Credentials]) -> Session:
    """A registrar's session of the check's own, to be refreshed or ended. Costs a sign-in."""
    with arranging("a session of its own"):
        return door.sign_in(accounts(Role.REGISTRAR))


@pytest.fixture
def spent_session(door: Door, accounts: Callable[[Role], Credentials]) -> Session:
    """An auditor's session of the check's own: he may change nothing, and the session may be lost.

    Costs a sign-in.
    """
    with arranging("a session of its own"):
        return door.sign_in(accounts(Role.AUDITOR))


@pytest.fixture
def door(hospital: Ledgered) -> Door:
    """Where people sign in and out."""
    return Door(hospital)


@pytest.fixture
def front_desk(hospital: Ledgered, registrar: Session) -> FrontDesk:
    """A registrar at work with patients."""
    return FrontDesk(hospital, registrar)


@pytest.fixture
def reception(hospital: Ledgered, registrar: Session) -> Ward:
    """A registrar at work with visits: may open and see them."""
    return Ward(hospital, registrar)


@pytest.fixture
def ward(hospital: Ledgered, clinician: Session) -> Ward:
    """A clinician at work with visits."""
    return Ward(hospital, clinician)


@pytest.fixture
def ward_desk(hospital: Ledgered, clinician: Session) -> FrontDesk:
    """A clinician looking at patients: another session than the front desk's."""
    return FrontDesk(hospital, clinician)


@pytest.fixture
def records(hospital: Ledgered, clinician: Session) -> Records:
    """A clinician at work with documents."""
    return Records(hospital, clinician)


@pytest.fixture
def archive(hospital: Ledgered, administrator: Session) -> Records:
    """An administrator looking at documents: another session than the clinician's."""
    return Records(hospital, administrator)


@pytest.fixture
def outsider_desk(hospital: Ledgered, outsider: Session) -> FrontDesk:
    """A clinician of another facility, looking for patients."""
    return FrontDesk(hospital, outsider)


# ── fresh things ──


@pytest.fixture
def registered(front_desk: FrontDesk, people: People) -> Patient:
    """A patient of this facility."""
    with arranging("a registered patient"):
        return front_desk.register(people.draft())


@pytest.fixture
def neighbour(front_desk: FrontDesk, people: People) -> Patient:
    """Another patient of this facility."""
    with arranging("a second registered patient"):
        return front_desk.register(people.draft())


@pytest.fixture
def opened(ward: Ward, registered: Patient) -> Visit:
    """An open visit of `registered`."""
    with arranging("an open visit"):
        return ward.open(registered)


@pytest.fixture
def admitted(ward: Ward, opened: Visit) -> Visit:
    """An admitted visit of `registered`."""
    with arranging("an admitted visit"):
        return _standing_at(Status.ADMITTED, ward.admit(opened))


@pytest.fixture
def discharged(ward: Ward, admitted: Visit) -> Visit:
    """A discharged visit of `registered`."""
    with arranging("a discharged visit"):
        return _standing_at(Status.DISCHARGED, ward.discharge(admitted))


@pytest.fixture
def cancelled(hospital: Ledgered, clinician: Session, opened: Visit) -> Visit:
    """A cancelled visit of `registered`."""
    with arranging("a cancelled visit"):
        return _standing_at(Status.CANCELLED, hospital.move(clinician, opened, Move.CANCEL))


def _standing_at(status: Status, visit: Visit) -> Visit:
    """The visit, if it is where the check must begin."""
    if visit.status is not status:
        raise Misbehaved(
            f"expected: a visit that is {status.value}\ncame:     one that is {visit.status.value}"
        )
    return visit


@pytest.fixture
def filed(records: Records, registered: Patient, files: Files) -> Document:
    """A document in the record of `registered`."""
    with arranging("a filed document"):
        return records.file(registered, files.of("text/plain"))


@pytest.fixture
def own_ids(registered: Patient, opened: Visit, filed: Document) -> Mapping[str, str]:
    """Ids of the check's own things, by the names that paths give them."""
    ids = {"patient": registered.id, "visit": opened.id, "document": filed.id}
    return {name: value for kind, value in ids.items() for name in (f"{kind}_id", f"{kind}Id")}
