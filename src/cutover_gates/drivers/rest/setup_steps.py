"""The set-up of a mapping: requests that look up values once, before the first use of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.template_variables import (
    operation_variables,
    sign_in_names,
    step_variables,
)
from cutover_gates.hospital import MappingError, Rejected, Session

RunSteps = Callable[[Session], dict[str, Any]]
"""Runs all set-up steps with a session, and returns every variable that then exists."""


class SetupSteps:
    """The set-up of one mapping. Safe under threads.

    Its values are kept once for all sessions whose sign-in captured the same values for it.
    """

    def __init__(self, mapping: TargetMapping, run_steps: RunSteps) -> None:
        self._mapping, self._run_steps = mapping, run_steps
        self._lock = threading.Lock()
        self._values: dict[tuple[str, ...], dict[str, Any]] = {}
        self._names = frozenset(name for step in mapping.setup for name in step.capture)
        used = {name for step in mapping.setup for name in step_variables(step)}
        self._depends_on = sorted(sign_in_names(mapping) & used)
        self._operations = {
            name
            for name, operation in mapping.operations.items()
            if self._names & operation_variables(mapping, name, operation)
        }
        self._signed_in: dict[str, Session] = {}

    def remember_session(self, session: Session) -> None:
        """Remember a session: it may run the set-up where the acting one is refused."""
        self._signed_in[session.username] = session

    def values_for(self, operation: str, session: Session | None) -> dict[str, Any]:
        """Return what the set-up captured, empty for an operation that uses none of it.

        The set-up runs for the first operation that needs it.
        """
        if operation not in self._operations or session is None:
            return {}
        key = self._key(session)
        with self._lock:
            if key not in self._values:
                self._values[key] = self._run(session, key)
            return self._values[key]

    def _key(self, session: Session) -> tuple[str, ...]:
        return tuple(str(session.variables.get(name)) for name in self._depends_on)

    def _run(self, session: Session, key: tuple[str, ...]) -> dict[str, Any]:
        """Run the set-up with the acting session, else with another one of an equal sign-in.

        A stranger, or a role that may not look these things up, must still be able to try its
        operation: that the target refuses it is what the check expects.
        """
        others = [
            other
            for other in self._signed_in.values()
            if other.access != session.access and self._key(other) == key
        ]
        problem = ""
        for candidate in (session, *reversed(others)):
            try:
                variables = self._run_steps(candidate)
            except Rejected as rejection:
                problem = f"{self._mapping.source}: {rejection.message}"
            else:
                return {name: variables[name] for name in self._names}
        raise MappingError(problem)
