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

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.http_exchange import HttpClient
from cutover_gates.drivers.rest.answer_evaluation import AnswerJudge, make_answer
from cutover_gates.drivers.rest.extraction import ReadFault, read_value
from cutover_gates.drivers.rest.mapping_model import MappingStep, OperationMap, TargetMapping
from cutover_gates.drivers.rest.mapping_validation import (
    operation_variables,
    sign_in_names,
    step_variables,
)
from cutover_gates.drivers.rest.request_builder import RequestBuilder
from cutover_gates.drivers.rest.templates import TemplateFault, render_tree
from cutover_gates.drivers.rest.vocabulary import OPERATIONS, mapping_error
from cutover_gates.drivers.transport import READ_METHODS
from cutover_gates.hospital import Answer, MappingError, Rejected, Session, Unsupported

# a made-up token such as "garbage" must not become a secret that is then "found" in every report
_LONG_ENOUGH_FOR_A_SECRET = 24


def carries_upload(step: MappingStep) -> bool:
    """Whether the bytes of an upload go with this step."""
    said = str([step.bytes_body, step.json_body, step.form, step.multipart])
    return re.search(r"\{\{-?\s*upload(\.content|\.base64|\s*-?\}\})", said) is not None


class OperationResult(NamedTuple):
    """The last answer of an operation, the request that brought it, and every variable there was."""

    operation: str
    request: httpx.Request
    answer: Answer
    variables: dict[str, Any]


class OperationRunner:
    """Runs the operations of one mapping against one target. Safe under threads."""

    def __init__(
        self,
        base_url: str,
        mapping: TargetMapping,
        client: HttpClient,
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
        self.judge = AnswerJudge(mapping, recorder.redactor)
        self.always = {
            "run": {"tag": run_tag},
            "base_url": self.base_url,
            "secret": dict(secrets or {}),
            "unique": lambda: uuid.uuid4().hex[:12],
            "unique_number": lambda: uuid.uuid4().int % 10**9,
        }
        self.build = RequestBuilder(self.base_url, mapping, client, self.always)
        self._setup_lock = threading.Lock()
        self._setup: dict[tuple[str, ...], dict[str, Any]] = {}
        self._setup_names = frozenset(name for step in mapping.setup for name in step.capture)
        self._setup_for = sorted(
            sign_in_names(mapping)
            & {name for step in mapping.setup for name in step_variables(step)}
        )
        self._asking_setup = {
            name
            for name, operation in mapping.operations.items()
            if self._setup_names & operation_variables(mapping, name, operation)
        }
        self._inside: dict[str, Session] = {}  # who has signed in here, the latest of each

    def operation(self, name: str) -> OperationMap:
        """The operation's mapping. Raises `NotOffered`."""
        if name not in self.mapping.operations:
            raise Unsupported(name, self.mapping.unsupported.get(name, "it is not mapped"))
        return self.mapping.operations[name]

    def run(self, name: str, session: Session | None = None, **variables: Any) -> OperationResult:
        """All steps of the operation. Raises as `Hospital` says."""
        operation = self.operation(name)
        scope = self.scope(name, operation, session, variables)
        outcome: OperationResult | None = None
        for index, step in enumerate(operation.steps):
            outcome = self.run_step(name, step, self.mapping.step_key(name, index), session, scope)
        assert outcome is not None  # the mapping has at least one step
        return outcome

    def upload_request(self, name: str, session: Session | None, **variables: Any) -> httpx.Request:
        """The request of the step that carries the file, after all steps before it were run: for an
        upload that is to be cut.
        """
        operation = self.operation(name)
        scope = self.scope(name, operation, session, variables)
        place = next(
            (index for index, step in enumerate(operation.steps) if carries_upload(step)),
            len(operation.steps) - 1,
        )
        for index, step in enumerate(operation.steps[:place]):
            self.run_step(name, step, self.mapping.step_key(name, index), session, scope)
        step = operation.steps[place]
        return self.build.build(
            step, self.mapping.step_key(name, place), scope, self.token(name, step, session)
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
            scope[variable] = self._evaluate_let(name, variable, template, scope)
        return scope

    def send(self, request: httpx.Request) -> Answer:
        """Send one request.

        Whatever keeps an answer from coming is a `Misbehaved`, told by `failed`.
        """
        started = time.monotonic()
        response = self.client.send(request)
        return make_answer(response, time.monotonic() - started)

    def run_step(
        self, name: str, step: MappingStep, key: str, session: Session | None, scope: dict[str, Any]
    ) -> OperationResult:
        """One request, judged; what it captures is added to `scope`."""
        synthetic = name != "setup" or step.method in READ_METHODS or step.reads_only
        request = self.build.build(
            step, key, scope, self.token(name, step, session), synthetic=synthetic
        )
        answer = self.send_or_raise(name, key, request)
        self.judge.judge(name, step, key, request, answer)
        for variable, where in step.capture.items():
            scope[variable] = self._capture_value(
                name, f"{key}.capture.{variable}", where, request, answer, scope
            )
        return OperationResult(name, request, answer, scope)

    def send_or_raise(self, name: str, key: str, request: httpx.Request) -> Answer:
        try:
            return self.send(request)
        except httpx.TransportError as error:
            raise self.judge.unreachable(name, key, request, error) from error

    def _capture_value(
        self,
        name: str,
        key: str,
        where: str,
        request: httpx.Request,
        answer: Answer,
        scope: Table[str, Any],
    ) -> Any:
        try:
            value = read_value(where, answer, answer.json, scope)
        except ReadFault as fault:
            raise mapping_error(self.mapping.source, key, where, str(fault)) from fault
        if value is None:
            came = (
                f"nothing there, in HTTP {answer.status} ({answer.media_type or 'no media type'},"
                f" {len(answer.content)} bytes)"
            )
            raise self.judge.violation(
                name, f"a value at {where!r}", came, f"{key} = {where!r}", request
            )
        if (
            isinstance(value, str)
            and len(value) >= _LONG_ENOUGH_FOR_A_SECRET
            and re.search("(?i)token|secret|cookie", key.rpartition(".")[2])
        ):
            self.recorder.redactor.learn(key.rpartition(".")[2], value)
        return value

    def token(self, name: str, step: MappingStep, session: Session | None) -> str | None:
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

    def _evaluate_let(self, name: str, variable: str, template: Any, scope: Table[str, Any]) -> Any:
        try:
            return render_tree(template, scope)
        except TemplateFault as fault:
            raise mapping_error(
                self.mapping.source, f"operations.{name}.let.{variable}", template, str(fault)
            ) from fault

    def remember_session(self, session: Session) -> None:
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
                self._setup[key] = self._run_setup_as(session, key)
            return self._setup[key]

    def _setup_key(self, session: Session) -> tuple[str, ...]:
        return tuple(str(session.variables.get(name)) for name in self._setup_for)

    def _run_setup_as(self, session: Session, key: tuple[str, ...]) -> dict[str, Any]:
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
                return self._run_setup(one)
            except Rejected as refused:
                why = f"{self.mapping.source}: {refused.message}"
        raise MappingError(why)

    def _run_setup(self, session: Session) -> dict[str, Any]:
        scope = {**self.always, **session.variables, "session": session}
        for index, step in enumerate(self.mapping.setup):
            try:
                self.run_step("setup", step, f"setup[{index}]", session, scope)
            except Rejected as refused:
                raise Rejected(
                    refused.reason,
                    f"setup[{index}]: {session.username} was refused here: {refused}",
                    refused.answer,
                ) from refused
        return {name: scope[name] for name in self._setup_names}
