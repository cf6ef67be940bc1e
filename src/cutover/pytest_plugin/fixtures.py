"""The fixtures that checks use.

`pytest --fixtures` shows them, `docs/writing-a-check.md` says which to take.

Heavy libraries are imported where they are used: collecting checks must stay quick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cutover.evidence import Ledger, Recorder, Redactor
from cutover.hospital import Answer, Credentials, NotOffered, Operation, PatientDraft, Role, Session
from cutover.settings import Limits, Settings, SettingsError
from cutover.synthetic import Files, Forgeries, People, token
from cutover.targets import Standing
from cutover.targets.connecting import open_hospital

if TYPE_CHECKING:
    from cutover.database.stored import Stored
    from cutover.drivers import Ledgered, TokenKeeper

pytest_plugins = [
    f"cutover.pytest_plugin.{name}"
    for name in (
        "actors",
        "database",
        "performance",
        "contract",
        "contract_access",
        "network",
        "ground",
        "monitoring",
        "fhir",
    )
]

READING = frozenset({"GET", "HEAD", "OPTIONS"})


# ── the target, and the way to it ──


@dataclass(frozen=True)
class _Accounts:
    """Looks up credentials, and says what to write where there are none.

    A method, so that only a check that needs a role stumbles over its lack.
    """

    standing: Standing
    unsupported: Mapping[str, str]

    def of(self, role: Role) -> Credentials:
        if role in self.standing.users:
            return self.standing.users[role]
        key = f"account-{role.value}"
        if key in self.unsupported:
            raise NotOffered(key, self.unsupported[key])
        name = self.standing.name
        raise SettingsError(
            f"target {name!r} has no account for the role {role.value}: give"
            f" [targets.{name}.users.{role.value}], "
            f'or say in [targets.{name}.unsupported] why there is none: {key} = "…"'
        )


@pytest.fixture(scope="session")
def limits(settings: Settings) -> Limits:
    """What the target promises: sizes, types, failures allowed. Never a literal in a check."""
    return settings.chosen.limits


@pytest.fixture(scope="session")
def release(standing: Standing) -> str:
    """The release under judgement."""
    return standing.release


@pytest.fixture(scope="session")
def accounts(settings: Settings, standing: Standing) -> Callable[[Role], Credentials]:
    """`accounts(role)`: user name and password, for checks about signing in.

    All others take a session.
    """
    return _Accounts(standing, settings.chosen.unsupported).of


@pytest.fixture(scope="session")
def ledger(ledger_path: Path, run_tag: str, standing: Standing) -> Iterator[Ledger]:
    """What this process makes on the target, written down before it is made."""
    ledger = Ledger(ledger_path, run_tag, standing.name)
    yield ledger
    ledger.close()


@pytest.fixture(scope="session")
def hospital(
    settings: Settings,
    standing: Standing,
    recorder: Recorder,
    redactor: Redactor,
    run_tag: str,
    ledger: Ledger,
) -> Iterator[Ledgered]:
    """The target, spoken to in the language of `cutover.hospital`.

    One client for the session; what was made through it is retired at the end.
    """
    from cutover.drivers import Ledgered
    from cutover.targets.entered import retire

    opened = Ledgered(
        open_hospital(settings, standing, recorder, run_tag),
        ledger,
        production=standing.production,
        run_tag=run_tag,
    )
    yield opened
    retire(opened.inner, standing, redactor, [ledger])


@pytest.fixture(scope="session")
def keeper(hospital: Ledgered, standing: Standing, redactor: Redactor) -> Iterator[TokenKeeper]:
    """Living sessions: one sign-in a role, refreshed before its end.

    Sessions that a check ends are not taken from here (see `own_session`).
    """
    from cutover.drivers import TokenKeeper

    keeper = TokenKeeper(hospital, standing.users, redactor=redactor)
    yield keeper
    keeper.close()


@pytest.fixture(scope="session")
def stored(settings: Settings, standing: Standing) -> Iterator[Stored]:
    """Rows of the target's own database: what really stands there. Reads only."""
    from cutover.database.stored import Stored

    if standing.database is None:
        raise no_database(settings, standing)
    stored = Stored(standing.database, settings.chosen.database)
    yield stored
    stored.close()


def no_database(settings: Settings, standing: Standing) -> Exception:
    """Why the target's database cannot be asked: it is declared so, or nobody has said where it is."""
    name, why = standing.name, settings.chosen.unsupported.get("database")
    if why is not None:
        return NotOffered("database", why)
    return SettingsError(
        f"target {name!r} gives no database: set CUTOVER_TARGETS__{name.upper()}__DATABASE__DSN, "
        f"or dsn_file in [targets.{name}.database], or say in [targets.{name}.unsupported] why"
        ' there is none: database = "…"'
    )


@pytest.fixture
def as_stored(hospital: Ledgered) -> Callable[[PatientDraft], PatientDraft]:
    """`as_stored(draft)`: what a draft becomes in this target.

    The draft itself, unless the mapping declares otherwise.
    """
    return hospital.as_stored


# ── what does not exist, and what must be refused ──


@pytest.fixture(scope="session")
def people(run_tag: str) -> People:
    """Makes drafts of patients, and accounts of nobody."""
    return People(run_tag)


@pytest.fixture(scope="session")
def files(run_tag: str) -> Files:
    """Makes files of any allowed type and size."""
    return Files(run_tag)


@pytest.fixture
def forgeries(settings: Settings, standing: Standing, registrar: Session) -> Forgeries:
    """Sessions that open nothing: expired, tampered, unsigned, made up."""
    from cutover.drivers.forger import tampered, unsigned

    made_up = Session("nobody", token() * 4, variables=registrar.variables)
    return Forgeries(
        made_up,
        tampered(registrar),
        tuple(unsigned(registrar)),
        _expired(settings, standing, registrar),
    )


def _expired(settings: Settings, standing: Standing, inside: Session) -> Session | Exception:
    """The target's expired token, or why there is none: only a check that asks for it shall
    stumble.
    """
    name, key = standing.name, "expired-token"
    if standing.expired_token:
        return Session("expired", standing.expired_token, variables=inside.variables)
    if key in settings.chosen.unsupported:
        return NotOffered(key, settings.chosen.unsupported[key])
    return SettingsError(
        f"target {name!r} gives no expired token: set"
        f" CUTOVER_TARGETS__{name.upper()}__EXPIRED_TOKEN to one that was good once, "
        f"or expired_token_file in [targets.{name}], or say in [targets.{name}.unsupported] why"
        f' there is none: {key} = "…"'
    )


@pytest.fixture
def reason(settings: Settings) -> str:
    """Why a patient came, in a clinician's own words: for a target that keeps them."""
    if why := settings.chosen.unsupported.get("visit-reason"):
        raise NotOffered("visit-reason", why)
    return 'Schmerzen in der Brust – seit 2 Tagen; 胸痛, "stechend" <links>'


# ── what the target's own document says ──


@pytest.fixture
def operations(hospital: Ledgered, standing: Standing) -> Sequence[Operation]:
    """Every operation of the target's own document.

    On production only those that read: no other may be tried there.
    """
    return [
        operation
        for operation in hospital.operations()
        if not standing.production or operation.method in READING
    ]


@pytest.fixture
def ask(hospital: Ledgered) -> Callable[..., Answer]:
    """`ask(operation, session, values)`: send a documented operation; the answer as it is, also a
    refusal. `session` None: without a token.
    """
    return hospital.attempt
