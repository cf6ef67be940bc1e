"""Try one fault: put it in, run the gate or the checks that must catch it, and return the results.

For each subject there is a function that opens what its faults share (servers, stand-ins) and
yields a `Trial`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from tests.faults import gate_runs, hospitals
from tests.faults.api import gate_on_fault as api_gate
from tests.faults.api.api_fault import ApiFault
from tests.faults.data.data_fault import DataFault
from tests.faults.data.database_servers import database_servers
from tests.faults.deployment.database_trial import place_database, run_database_checks
from tests.faults.deployment.databases import DatabaseFault
from tests.faults.deployment.deployment_environment import standin_servers
from tests.faults.deployment.deployment_fault import DeploymentFault
from tests.faults.fault import Fault
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.load import gate_on_fault as load_gate
from tests.faults.load.load_fault import LoadFault
from tests.faults.network.network_fault import NetworkFault, checks_of
from tests.faults.observability import dashboards, observability_trial
from tests.faults.observability.alerts import AlertFault
from tests.faults.observability.dashboards import DashboardFault
from tests.faults.observability.logs import LogFault
from tests.faults.observability.metrics import MetricFault
from tests.faults.observability.prometheus_stack import missing_programs
from tests.faults.proofs.first_day import DayFault, running_days
from tests.faults.proofs.proof_fault import ProofFault, run_proof_check
from tests.faults.results import CheckResults, Results, run_check
from tests.faults.steps.answering_releases import AnsweringFault
from tests.faults.steps.instance_memory import MemoryFault, running_memory
from tests.faults.steps.kept_releases import KeptFault
from tests.faults.steps.side_effects import SideEffectFault, empty_database
from tests.faults.steps.step_fault import STEP_CHECKS
from tests.faults.steps.told_weights import WeightsFault
from tests.faults.watch.watch_fault import WATCH_CHECKS, WatchFault
from tests.watched_hospital import WatchedHospital, start_watched_hospital

Trial = Callable[[type[Fault], Path, str | None], Results]
"""Takes the fault, an empty folder, and the one check to run (None: all that must catch it): a node
id for faults that a gate catches, else a function's name.
"""
Kind = TypeVar("Kind", bound=Fault)


class CannotTry(RuntimeError):
    """A fault cannot be tried here, or not with this check."""


@contextmanager
def _functional(folder: Path) -> Iterator[Trial]:
    with hospitals.cluster() as cluster:

        def attempt(fault: type[Fault], place: Path, check: str | None) -> Results:
            kind = _as_kind(fault, FunctionalFault)
            with hospitals.hospital(cluster, fault.__name__, place) as hospital:
                return gate_runs.run_functional_gate(
                    hospital,
                    place,
                    *gate_runs.PLAIN,
                    *_files_of(check),
                    waived=kind.waived,
                    more=kind.more_settings(),
                    outage=kind.outage,
                )

        yield attempt


@contextmanager
def _data(folder: Path) -> Iterator[Trial]:
    with database_servers(folder) as servers:

        def attempt(fault: type[Fault], place: Path, check: str | None) -> Results:
            kind = _as_kind(fault, DataFault)
            with servers.ground(kind, kind.gate, place) as environment:
                kind().harm(environment)
                return environment.run_gate(kind.gate, *gate_runs.PLAIN, *_files_of(check))

        yield attempt


@contextmanager
def _load(folder: Path) -> Iterator[Trial]:
    with hospitals.cluster() as cluster:
        yield lambda fault, place, check: load_gate.run_gate_on_fault(
            cluster, _as_kind(fault, LoadFault), place, *_files_of(check)
        )


@contextmanager
def _api(folder: Path) -> Iterator[Trial]:
    with hospitals.cluster() as cluster:
        yield lambda fault, place, check: api_gate.run_gate_on_fault(
            cluster, _as_kind(fault, ApiFault), place, *_files_of(check)
        )


@contextmanager
def _network(folder: Path) -> Iterator[Trial]:
    def attempt(fault: type[Fault], place: Path, check: str | None) -> Results:
        kind = _as_kind(fault, NetworkFault)
        name, checks = check or kind.check, checks_of(kind.checks)
        if name not in checks:
            raise CannotTry(f"{fault.__name__} is tried on {', '.join(checks)}, not on {name}")
        with kind().way(place) as way:
            return CheckResults({name: run_check(lambda: checks[name](way), {})})

    yield attempt


@contextmanager
def _deployment(folder: Path) -> Iterator[Trial]:
    with standin_servers(folder) as servers, hospitals.cluster() as cluster:

        def attempt(fault: type[Fault], place: Path, check: str | None) -> Results:
            if issubclass(fault, DatabaseFault):
                with place_database(cluster, fault.__name__, place) as database:
                    fault().harm(database)
                    return CheckResults(run_database_checks(database, place))
            kind = _as_kind(fault, DeploymentFault)
            environment = servers.new_environment(place)
            kind().harm(environment)
            return CheckResults(environment.run_checks(kind.asked, kind.file))

        yield attempt


@contextmanager
def _observability(folder: Path) -> Iterator[Trial]:
    if missing := missing_programs():
        raise CannotTry(missing)
    with observability_trial.stack_with_all_faults(folder) as stack:

        def attempt(fault: type[Fault], place: Path, check: str | None) -> Results:
            name = check or fault.check
            if issubclass(fault, LogFault):
                return observability_trial.run_named_check(name, fault.asked(place))
            if issubclass(fault, DashboardFault):
                # A fault changes the stand-in, so each has one of its own.
                with dashboards.grafana() as grafana:
                    return observability_trial.run_named_check(name, fault.asked(grafana, place))
            if issubclass(fault, AlertFault):
                return observability_trial.run_named_check(name, fault.asked(stack))
            asked = _as_kind(fault, MetricFault).asked(stack)
            return observability_trial.run_named_check(name, asked)

        yield attempt


@contextmanager
def _proofs(folder: Path) -> Iterator[Trial]:
    with ExitStack() as stack:

        def attempt(fault: type[Fault], place: Path, check: str | None) -> Results:
            place.mkdir(parents=True, exist_ok=True)
            if not issubclass(fault, DayFault):
                return _as_kind(fault, ProofFault).try_in(place)
            if missing := missing_programs():
                raise CannotTry(missing)
            asked = fault.asked_of(stack.enter_context(running_days(place)))
            return run_proof_check(fault.check, fault.fixture, asked)

        yield attempt


@contextmanager
def _watch(folder: Path) -> Iterator[Trial]:
    with start_watched_hospital() as announced:

        def attempt(fault: type[Fault], place: Path, check: str | None) -> Results:
            kind = _as_kind(fault, WatchFault)
            place.mkdir(parents=True, exist_ok=True)
            name, asked = check or kind.check, kind().ask(WatchedHospital(announced, place))
            return CheckResults({name: run_check(WATCH_CHECKS[name], asked)})

        yield attempt


@contextmanager
def _steps(folder: Path) -> Iterator[Trial]:
    with standin_servers(folder) as servers, empty_database() as dsn:

        def attempt(fault: type[Fault], place: Path, check: str | None) -> Results:
            name = check or fault.check
            if issubclass(fault, AnsweringFault):
                return fault.try_in(place)
            if issubclass(fault, KeptFault):
                with fault.ask() as given:
                    return CheckResults({name: run_check(STEP_CHECKS[name], given)})
            if issubclass(fault, SideEffectFault):
                asked = fault.ask(dsn, place)
            elif issubclass(fault, MemoryFault):
                if missing := missing_programs():
                    raise CannotTry(missing)
                with running_memory(place) as url:
                    return CheckResults({name: run_check(STEP_CHECKS[name], fault.ask_of(url))})
            else:
                asked = _as_kind(fault, WeightsFault).ask(servers.new_environment(place))
            return CheckResults({name: run_check(STEP_CHECKS[name], asked)})

        yield attempt


TRIALS: Mapping[str, Callable[[Path], AbstractContextManager[Trial]]] = {
    "functional": _functional,
    "data": _data,
    "load": _load,
    "api": _api,
    "network": _network,
    "deployment": _deployment,
    "observability": _observability,
    "proofs": _proofs,
    "watch": _watch,
    "steps": _steps,
}


def _files_of(check: str | None) -> tuple[str, ...]:
    """Return the file of a check: a gate that is narrowed to single checks proves nothing."""
    return (check.partition("::")[0],) if check else ()


def _as_kind(fault: type[Fault], kind: type[Kind]) -> type[Kind]:
    assert issubclass(fault, kind)
    return fault
