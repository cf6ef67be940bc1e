"""Runs an operation of the mapping: its steps in order, with what each captures, up to the answer
that is read.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Mapping as Table
from typing import Any, NamedTuple

import httpx

from cutover.drivers.building import Builder
from cutover.drivers.checking import sign_in_names, used_by, used_in
from cutover.drivers.client import Client
from cutover.drivers.guard import READING
from cutover.drivers.judging import Judge, answer_of
from cutover.drivers.models import Mapping, OperationMap, Step
from cutover.drivers.reading import ReadFault, read
from cutover.drivers.teaching import wrong
from cutover.drivers.templates import TemplateFault, render_tree
from cutover.drivers.vocabulary import OPERATIONS
from cutover.evidence import Recorder
from cutover.hospital import Answer, MappingError, NotOffered, Refused, Session

# a made-up token such as "garbage" must not become a secret that is then "found" in every report
_LONG_ENOUGH_FOR_A_SECRET = 24


def carries(step: Step) -> bool:
    """Whether the bytes of an upload go with this step."""
    said = str([step.bytes_body, step.json_body, step.form, step.multipart])
    return re.search(r"\{\{-?\s*upload(\.content|\.base64|\s*-?\}\})", said) is not None


class Outcome(NamedTuple):
    """The last answer of an operation, the request that brought it, and every variable there was."""

    operation: str
    request: httpx.Request
    answer: Answer
    variables: dict[str, Any]


class Runner:
    """Runs the operations of one mapping against one target. Safe under threads."""

    def __init__(
        self,
        base_url: str,
        mapping: Mapping,
        client: Client,
        run_tag: str,
        recorder: Recorder,
        secrets: Table[str, str] | None = None,
    ) -> None:
        self.base_url, self.mapping, self.client, self.recorder = (
            base_url.rstrip("/"),
            mapping,
            client,
            recorder,
        )
        self.judge = Judge(mapping, recorder.redactor)
        self.always = {
            "run": {"tag": run_tag},
            "base_url": self.base_url,
            "secret": dict(secrets or {}),
            "unique": lambda: uuid.uuid4().hex[:12],
            "unique_number": lambda: uuid.uuid4().int % 10**9,
        }
        self.build = Builder(self.base_url, mapping, client, self.always)
        self._setup_lock = threading.Lock()
        self._setup: dict[tuple[str, ...], dict[str, Any]] = {}
        self._setup_names = frozenset(name for step in mapping.setup for name in step.capture)
        self._setup_for = sorted(
            sign_in_names(mapping) & {name for step in mapping.setup for name in used_in(step)}
        )
        self._asking_setup = {
            name
            for name, operation in mapping.operations.items()
            if self._setup_names & used_by(mapping, name, operation)
        }
        self._inside: dict[str, Session] = {}  # who has signed in here, the latest of each

    def operation(self, name: str) -> OperationMap:
        """The operation's mapping. Raises `NotOffered`."""
        if name not in self.mapping.operations:
            raise NotOffered(name, self.mapping.unsupported.get(name, "it is not mapped"))
        return self.mapping.operations[name]

    def run(self, name: str, session: Session | None = None, **variables: Any) -> Outcome:
        """All steps of the operation. Raises as `Hospital` says."""
        operation = self.operation(name)
        scope = self.scope(name, operation, session, variables)
        outcome: Outcome | None = None
        for index, step in enumerate(operation.steps):
            outcome = self.step(name, step, self.mapping.key_of_step(name, index), session, scope)
        assert outcome is not None  # the mapping has at least one step
        return outcome

    def request(self, name: str, session: Session | None, **variables: Any) -> httpx.Request:
        """The request of the step that carries the file, after all steps before it were run: for an
        upload that is to be cut.
        """
        operation = self.operation(name)
        scope = self.scope(name, operation, session, variables)
        place = next(
            (index for index, step in enumerate(operation.steps) if carries(step)),
            len(operation.steps) - 1,
        )
        for index, step in enumerate(operation.steps[:place]):
            self.step(name, step, self.mapping.key_of_step(name, index), session, scope)
        step = operation.steps[place]
        return self.build.build(
            step, self.mapping.key_of_step(name, place), scope, self.token(name, step, session)
        )

    def scope(
        self,
        name: str,
        operation: OperationMap,
        session: Session | None,
        variables: Table[str, Any],
    ) -> dict[str, Any]:
        """What the operation's templates see."""
        scope = {
            **self.always,
            **(session.variables if session else {}),
            **self._prerequisites(name, session),
            **variables,
        }
        if session is not None:
            scope["session"] = session
        for variable, template in operation.let.items():
            scope[variable] = self._let(name, variable, template, scope)
        return scope

    def send(self, request: httpx.Request) -> Answer:
        """Send one request.

        Whatever keeps an answer from coming is a `Misbehaved`, told by `failed`.
        """
        started = time.monotonic()
        response = self.client.send(request)
        return answer_of(response, time.monotonic() - started)

    def step(
        self, name: str, step: Step, key: str, session: Session | None, scope: dict[str, Any]
    ) -> Outcome:
        """One request, judged; what it captures is added to `scope`."""
        synthetic = name != "setup" or step.method in READING or step.reads_only
        request = self.build.build(
            step, key, scope, self.token(name, step, session), synthetic=synthetic
        )
        answer = self.sent(name, key, request)
        self.judge.judge(name, step, key, request, answer)
        for variable, where in step.capture.items():
            scope[variable] = self._captured(
                name, f"{key}.capture.{variable}", where, request, answer, scope
            )
        return Outcome(name, request, answer, scope)

    def sent(self, name: str, key: str, request: httpx.Request) -> Answer:
        try:
            return self.send(request)
        except httpx.TransportError as error:
            raise self.judge.unreachable(name, key, request, error) from error

    def _captured(
        self,
        name: str,
        key: str,
        where: str,
        request: httpx.Request,
        answer: Answer,
        scope: Table[str, Any],
    ) -> Any:
        try:
            value = read(where, answer, answer.json, scope)
        except ReadFault as fault:
            raise wrong(self.mapping.source, key, where, str(fault)) from fault
        if value is None:
            came = (
                f"nothing there, in HTTP {answer.status} ({answer.media_type or 'no media type'},"
                f" {len(answer.content)} bytes)"
            )
            raise self.judge.misbehaved(
                name, f"a value at {where!r}", came, f"{key} = {where!r}", request
            )
        if (
            isinstance(value, str)
            and len(value) >= _LONG_ENOUGH_FOR_A_SECRET
            and re.search("(?i)token|secret|cookie", key.rpartition(".")[2])
        ):
            self.recorder.redactor.learn(key.rpartition(".")[2], value)
        return value

    def token(self, name: str, step: Step, session: Session | None) -> str | None:
        wanted = (
            step.token
            if step.token is not None
            else step.path is not None and (name == "setup" or OPERATIONS[name].token)
        )
        if not wanted or session is None:
            return None
        if len(session.access) >= _LONG_ENOUGH_FOR_A_SECRET:
            self.recorder.redactor.learn("token", session.access)
        return session.access

    def _let(self, name: str, variable: str, template: Any, scope: Table[str, Any]) -> Any:
        try:
            return render_tree(template, scope)
        except TemplateFault as fault:
            raise wrong(
                self.mapping.source, f"operations.{name}.let.{variable}", template, str(fault)
            ) from fault

    def signed_in(self, session: Session) -> None:
        """Somebody was let in: should whoever acts first be refused what the set-up asks, he may be
        asked instead.
        """
        self._inside[session.username] = session

    def _prerequisites(self, name: str, session: Session | None) -> dict[str, Any]:
        """What the set-up captured.

        Run for the first operation that uses any of it: once for all whose sign-in captured the
        same for it.
        """
        if name not in self._asking_setup or session is None:
            return {}
        key = self._setup_key(session)
        with self._setup_lock:
            if key not in self._setup:
                self._setup[key] = self._set_up_by(session, key)
            return self._setup[key]

    def _setup_key(self, session: Session) -> tuple[str, ...]:
        return tuple(str(session.variables.get(name)) for name in self._setup_for)

    def _set_up_by(self, session: Session, key: tuple[str, ...]) -> dict[str, Any]:
        """By whoever acts, or by another who is inside: a stranger, or a role that may not look
        these things up, must still be able to try.
        """
        others = [
            one
            for one in self._inside.values()
            if one.access != session.access and self._setup_key(one) == key
        ]
        why = ""
        for one in (session, *reversed(others)):
            try:
                return self._set_up(one)
            except Refused as refused:
                why = f"{self.mapping.source}: {refused.message}"
        raise MappingError(why)

    def _set_up(self, session: Session) -> dict[str, Any]:
        scope = {**self.always, **session.variables, "session": session}
        for index, step in enumerate(self.mapping.setup):
            try:
                self.step("setup", step, f"setup[{index}]", session, scope)
            except Refused as refused:
                raise Refused(
                    refused.reason,
                    f"setup[{index}]: {session.username} was refused here: {refused}",
                    refused.answer,
                ) from refused
        return {name: scope[name] for name in self._setup_names}
