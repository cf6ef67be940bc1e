"""Sign-in and sign-out: staff can do both, and nobody else can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cutover_gates.config.target_access import Limits
from cutover_gates.hospital import (
    Credentials,
    Driver,
    Patient,
    PatientQuery,
    Reason,
    Role,
    Session,
    SignInDesk,
)
from cutover_gates.hospital.matchers import (
    ExpectedRejection,
    TargetCapabilities,
    assert_no_findings,
    expect_rejection,
    find_changed_fields,
    find_distinguishing_fields,
)
from cutover_gates.hospital.synthetic import ForgedSessions, PatientFactory

pytestmark = pytest.mark.plan("authentication-flow")

Accounts = Callable[[Role], Credentials]
Look = Callable[[Session], object]


def refusal_of(door: SignInDesk, credentials: Credentials) -> ExpectedRejection:
    """Assert that these credentials are rejected, and return the rejection."""
    with expect_rejection(Reason.UNAUTHENTICATED) as rejection:
        door.sign_in(credentials)
    return rejection


@pytest.fixture(scope="module")
def look(
    hospital: Driver,
    people: PatientFactory,
    sessions: Callable[[Role], Session],
    capabilities: TargetCapabilities,
) -> Look:
    """Return a look that needs a session: a search with an unused number, which finds nobody.

    Where a stranger gets an empty list, too, it is a look at a patient of the run's own.
    """
    if not capabilities.lacks("refusal-to-strangers"):
        return lambda session: hospital.search(session, PatientQuery(mrn=people.mrn()))
    patient = hospital.register(sessions(Role.REGISTRAR), people.draft())
    return lambda session: hospital.patient(session, patient.id)


def opens(look: Look, session: Session) -> bool:
    """Return whether this session may look: it is shown the patient, or that nobody is found."""
    shown = look(session)
    return isinstance(shown, Patient) or not shown


def refusal_at(look: Look, session: Session) -> ExpectedRejection:
    """Assert that this session is rejected, and return the rejection."""
    with expect_rejection(Reason.UNAUTHENTICATED) as rejection:
        look(session)
    return rejection


@pytest.mark.parametrize("role", [Role.REGISTRAR, Role.CLINICIAN, Role.ADMINISTRATOR])
def test_the_right_password_opens_a_session(
    look: Look, door: SignInDesk, accounts: Accounts, role: Role
) -> None:
    """A person with the right password can sign in. Their session can search for patients."""
    session = door.sign_in(accounts(role))
    assert opens(look, session)


@pytest.mark.parametrize(
    ("role", "wrong"),
    [
        pytest.param(Role.REGISTRAR, "{password}x", id="one-character-more"),
        pytest.param(Role.CLINICIAN, "{shorter}", id="one-character-less"),
        pytest.param(Role.ADMINISTRATOR, "{swapped}", id="the-other-case"),
    ],
)
def test_a_wrong_password_is_refused(
    door: SignInDesk, accounts: Accounts, role: Role, wrong: str
) -> None:
    """A sign-in with a nearly right password is rejected."""
    right = accounts(role)
    password = wrong.format(
        password=right.password, shorter=right.password[:-1], swapped=right.password.swapcase()
    )
    refusal_of(door, replace(right, password=password))


def test_another_persons_password_is_refused(door: SignInDesk, accounts: Accounts) -> None:
    """A sign-in with another person's password is rejected."""
    refusal_of(
        door, Credentials(accounts(Role.OUTSIDER).username, accounts(Role.REGISTRAR).password)
    )


def test_an_unknown_user_is_refused(door: SignInDesk, people: PatientFactory) -> None:
    """A sign-in under an unknown name is rejected."""
    refusal_of(door, people.unknown_credentials())


def test_a_refused_sign_in_does_not_tell_who_is_known(
    door: SignInDesk, accounts: Accounts, people: PatientFactory
) -> None:
    """A wrong password and an unknown name are rejected in the same words.

    Those who guess must not learn which names exist.
    """
    nobody = people.unknown_credentials()
    first, second = refusal_of(door, nobody), refusal_of(door, nobody)
    wrong = refusal_of(door, Credentials(accounts(Role.AUDITOR).username, nobody.password))
    volatile = find_changed_fields(first.answer, second.answer)
    assert_no_findings(find_distinguishing_fields(wrong.answer, second.answer, volatile=volatile))


def test_guessing_is_slowed_down(
    door: SignInDesk, people: PatientFactory, limits: Limits, capabilities: TargetCapabilities
) -> None:
    """Guessing a password is slowed down.

    After the allowed number of failures for one name, further attempts for that name must wait.
    """
    nobody = people.unknown_credentials()
    for _ in range(limits.sign_in_failures):
        refusal_of(door, nobody)
    name, doing = "sign-in-throttling", f"once more after {limits.sign_in_failures} failures"
    # Who is not slowed down is refused all the same.
    also = (Reason.UNAUTHENTICATED,) if capabilities.lacks(name) else ()
    with expect_rejection(Reason.THROTTLED, *also, doing=doing) as rejection:
        door.sign_in(nobody)
    capabilities.allow_lack(name, is_lacking=rejection.reason is not Reason.THROTTLED)


def test_guessing_at_one_name_holds_up_nobody_else(
    door: SignInDesk, people: PatientFactory, accounts: Accounts, limits: Limits
) -> None:
    """Guessing at one name does not lock out other names.

    While one name has to wait, another can sign in.
    """
    nobody = people.unknown_credentials()
    for _ in range(limits.sign_in_failures):
        refusal_of(door, nobody)
    assert door.sign_in(accounts(Role.REGISTRAR)).access


def test_an_expired_token_is_refused(look: Look, forgeries: ForgedSessions) -> None:
    """A token that expired a minute ago is rejected."""
    refusal_at(look, forgeries.expired)


def test_a_tampered_token_is_refused(look: Look, forgeries: ForgedSessions) -> None:
    """A token with a changed claim is rejected."""
    refusal_at(look, forgeries.tampered)


def test_an_unsigned_token_is_refused(look: Look, forgeries: ForgedSessions) -> None:
    """A token without a signature is rejected.

    It says `alg: none`, and each spelling of it is tried.
    """
    for session in forgeries.unsigned:
        refusal_at(look, session)


def test_a_made_up_token_is_refused(look: Look, forgeries: ForgedSessions) -> None:
    """A token that was never issued is rejected."""
    refusal_at(look, forgeries.made_up)


def test_a_forged_token_does_not_tell_why_it_is_refused(
    look: Look, forgeries: ForgedSessions
) -> None:
    """Tampered, unsigned and made-up tokens are rejected in the same words.

    Those who forge must not learn how near they came.
    """
    one, again = (refusal_at(look, forgeries.made_up).answer for _ in range(2))
    for session in (forgeries.tampered, *forgeries.unsigned):
        answer = refusal_at(look, session).answer
        volatile = find_changed_fields(one, again)
        assert_no_findings(find_distinguishing_fields(answer, one, volatile=volatile))


def test_an_expired_token_does_not_tell_that_it_was_good(
    look: Look, forgeries: ForgedSessions
) -> None:
    """An expired token is rejected in the same words as one that was never issued.

    Those who find an old token must not learn that it was valid.
    """
    one, again = (refusal_at(look, forgeries.made_up).answer for _ in range(2))
    expired = refusal_at(look, forgeries.expired).answer
    volatile = find_changed_fields(one, again)
    assert_no_findings(find_distinguishing_fields(expired, one, volatile=volatile))


def test_a_refreshed_session_goes_on(look: Look, door: SignInDesk, own_session: Session) -> None:
    """A refreshed session goes on.

    Refreshing gives a new token, and that token can search for patients. A shift is longer than a
    token's lifetime.
    """
    later = door.refresh(own_session)
    assert opens(look, later)


def test_a_session_can_be_refreshed_again(
    look: Look, door: SignInDesk, own_session: Session
) -> None:
    """A refreshed session can be refreshed again."""
    later = door.refresh(door.refresh(own_session))
    assert opens(look, later)


def test_a_refresh_token_holds_once(
    look: Look,
    door: SignInDesk,
    own_session: Session,
    capabilities: TargetCapabilities,
) -> None:
    """A refresh token is valid once; its second use is rejected.

    A refresh token that is used twice was stolen.
    """
    door.refresh(own_session)
    with capabilities.refusal("refresh-rotation", Reason.UNAUTHENTICATED) as refusal:
        second = door.refresh(own_session)
    if refusal.is_missing:
        assert opens(look, second)
        refusal.end_check()


def test_a_made_up_refresh_token_is_refused(
    door: SignInDesk, own_session: Session, people: PatientFactory
) -> None:
    """A refresh token that was never issued is rejected."""
    with expect_rejection(Reason.UNAUTHENTICATED):
        door.refresh(replace(own_session, refresh=people.unknown_credentials().password))


def test_an_access_token_does_not_refresh(door: SignInDesk, own_session: Session) -> None:
    """An access token is rejected in the place of a refresh token.

    A token that lives minutes must not be worth hours.
    """
    with expect_rejection(Reason.UNAUTHENTICATED, Reason.INVALID):
        door.refresh(replace(own_session, refresh=own_session.access))


def test_a_refresh_token_opens_nothing(look: Look, door: SignInDesk, own_session: Session) -> None:
    """A refresh token is rejected in the place of an access token."""
    later = door.refresh(own_session)
    refusal_at(look, later.with_access_token(later.refresh or ""))


def test_sign_out_ends_the_access_token(look: Look, door: SignInDesk, own_session: Session) -> None:
    """After sign-out the access token is rejected at once."""
    assert opens(look, own_session)
    door.sign_out(own_session)
    refusal_at(look, own_session)


def test_sign_out_ends_the_refresh_token(door: SignInDesk, own_session: Session) -> None:
    """After sign-out the session cannot be refreshed."""
    door.sign_out(own_session)
    with expect_rejection(Reason.UNAUTHENTICATED):
        door.refresh(own_session)


def test_sign_out_ends_no_other_session(
    look: Look,
    door: SignInDesk,
    own_session: Session,
    accounts: Accounts,
) -> None:
    """Sign-out does not end another session of the same account.

    A nurse who signs out at one desk may still work at another.
    """
    other = door.sign_in(accounts(Role.REGISTRAR))
    door.sign_out(own_session)
    assert opens(look, other)
