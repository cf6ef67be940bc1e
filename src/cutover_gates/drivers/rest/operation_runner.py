"""The runner of operations: their steps in order, with what each captures."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.http_client import HttpClient, describe_head, make_answer
from cutover_gates.drivers.production_guard import READ_METHODS
from cutover_gates.drivers.rest.answer_evaluation import AnswerJudge
from cutover_gates.drivers.rest.extraction import ExtractionError, read_value
from cutover_gates.drivers.rest.mapping_model import OperationMap, TargetMapping
from cutover_gates.drivers.rest.mapping_tables import MappingStep
from cutover_gates.drivers.rest.request_builder import RequestBuilder
from cutover_gates.drivers.rest.setup_steps import SetupSteps
from cutover_gates.drivers.rest.template_moments import MOMENT_FUNCTIONS, current_moment
from cutover_gates.drivers.rest.templates import TemplateFault, render_tree
from cutover_gates.drivers.rest.vocabulary import OPERATIONS, mapping_error
from cutover_gates.hospital import Answer, Rejected, Session, Unsupported

MIN_SECRET_CHARACTERS = 24
"""Shorter values are not masked: a made-up token such as "garbage" would be "found" everywhere."""
_UPLOAD_CONTENT = re.compile(r"\{\{-?\s*upload(\.content|\.base64|\s*-?\}\})")
_SECRET_NAMES = re.compile("(?i)token|secret|cookie")


class OperationResult(NamedTuple):
    """The last answer of an operation, its request, and all variables of the operation."""

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
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        self.base_url, self.mapping = base_url.rstrip("/"), mapping
        self.client, self.recorder = client, recorder
        self.judge = AnswerJudge(mapping, recorder.redactor)
        self.always = {
            "run": {"tag": run_tag},
            "base_url": self.base_url,
            "secret": dict(secrets or {}),
            "unique": lambda: uuid.uuid4().hex[:12],
            "unique_number": lambda: uuid.uuid4().int % 10**9,
            **MOMENT_FUNCTIONS,
        }
        self.build = RequestBuilder(self.base_url, mapping, client, self.always)
        self._setup = SetupSteps(mapping, self._run_setup)

    def operation(self, name: str) -> OperationMap:
        """Return the operation's mapping. Raises `Unsupported` where it is not mapped."""
        if name not in self.mapping.operations:
            raise Unsupported(name, self.mapping.unsupported.get(name, "it is not mapped"))
        return self.mapping.operations[name]

    def run(self, name: str, session: Session | None = None, **variables: Any) -> OperationResult:
        """Run all steps of an operation. Raises what `Driver` names."""
        operation = self.operation(name)
        scope = self.scope(name, operation, session, variables)
        results = [
            self.run_step(name, step, self.mapping.step_key(name, index), session, scope)
            for index, step in enumerate(operation.steps)
        ]
        return results[-1]

    def upload_request(self, name: str, session: Session | None, **variables: Any) -> httpx.Request:
        """Return the request that carries the file, after all steps before it are run.

        It is for an upload that is to be cut.
        """
        operation = self.operation(name)
        scope = self.scope(name, operation, session, variables)
        last = len(operation.steps) - 1
        carriers = (at for at, step in enumerate(operation.steps) if carries_upload(step))
        position = next(carriers, last)
        for index, step in enumerate(operation.steps[:position]):
            self.run_step(name, step, self.mapping.step_key(name, index), session, scope)
        step, key = operation.steps[position], self.mapping.step_key(name, position)
        return self.build.build(step, key, scope, self.token(name, step, session))

    def scope(
        self,
        name: str,
        operation: OperationMap,
        session: Session | None,
        variables: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return the variables that the operation's templates see."""
        scope = {
            **self.always,
            "now": current_moment(),
            **(session.variables if session else {}),
            **self._setup.values_for(name, session),
            **variables,
        }
        if session is not None:
            scope["session"] = session
        for variable, template in operation.let.items():
            scope[variable] = self._evaluate_let(name, variable, template, scope)
        return scope

    def send(self, request: httpx.Request) -> Answer:
        """Send one request. Raises httpx's transport errors."""
        started = time.monotonic()
        response = self.client.send(request)
        return make_answer(response, time.monotonic() - started)

    def send_or_raise(self, name: str, key: str, request: httpx.Request) -> Answer:
        """Send one request. Raises `Unreachable` where no answer comes."""
        try:
            return self.send(request)
        except httpx.TransportError as error:
            raise self.judge.unreachable(name, key, request, error) from error

    def run_step(
        self, name: str, step: MappingStep, key: str, session: Session | None, scope: dict[str, Any]
    ) -> OperationResult:
        """Send one request and judge its answer. What it captures is added to `scope`."""
        # A set-up step that writes is not an operation on synthetic data: production refuses it.
        synthetic = name != "setup" or step.method in READ_METHODS or step.reads_only
        token = self.token(name, step, session)
        request = self.build.build(step, key, scope, token, synthetic=synthetic)
        answer = self.send_or_raise(name, key, request)
        self.judge.judge(name, step, key, request, answer)
        result = OperationResult(name, request, answer, scope)
        for variable, where in step.capture.items():
            scope[variable] = self._capture_value(f"{key}.capture.{variable}", where, result)
        return result

    def token(self, name: str, step: MappingStep, session: Session | None) -> str | None:
        """Return the token that a step shows, None where it shows none."""
        wanted = step.token
        if wanted is None:
            wanted = step.path is not None and (name == "setup" or OPERATIONS[name].token)
        if not wanted or session is None:
            return None
        if len(session.access) >= MIN_SECRET_CHARACTERS:
            self.recorder.redactor.learn("token", session.access)
        return session.access

    def remember_session(self, session: Session) -> None:
        """Remember a session that may run the set-up for others."""
        self._setup.remember_session(session)

    def _capture_value(self, key: str, where: str, result: OperationResult) -> Any:
        answer, name = result.answer, key.rpartition(".")[2]
        try:
            value = read_value(where, answer, answer.json, result.variables)
        except ExtractionError as fault:
            raise mapping_error(self.mapping.source, key, where, str(fault)) from fault
        if value is None:
            raise self.judge.violation(
                result.operation,
                f"a value at {where!r}",
                f"nothing there, in {describe_head(answer)}",
                f"{key} = {where!r}",
                result.request,
            )
        is_secret = isinstance(value, str) and len(value) >= MIN_SECRET_CHARACTERS
        if is_secret and _SECRET_NAMES.search(name):
            self.recorder.redactor.learn(name, value)
        return value

    def _evaluate_let(
        self, name: str, variable: str, template: Any, scope: Mapping[str, Any]
    ) -> Any:
        try:
            return render_tree(template, scope)
        except TemplateFault as fault:
            key = f"operations.{name}.let.{variable}"
            raise mapping_error(self.mapping.source, key, template, str(fault)) from fault

    def _run_setup(self, session: Session) -> dict[str, Any]:
        scope = {
            **self.always,
            "now": current_moment(),
            **session.variables,
            "session": session,
        }
        for index, step in enumerate(self.mapping.setup):
            try:
                self.run_step("setup", step, f"setup[{index}]", session, scope)
            except Rejected as rejection:
                raise Rejected(
                    rejection.reason,
                    f"setup[{index}]: {session.username} was refused here: {rejection}",
                    rejection.answer,
                ) from rejection
        return scope


def carries_upload(step: MappingStep) -> bool:
    """Return whether the bytes of an upload go with this step."""
    bodies = str([step.bytes_body, step.json_body, step.form, step.multipart])
    return _UPLOAD_CONTENT.search(bodies) is not None
