"""Matchers of rules that a target may be declared not to keep (`[targets.NAME.capabilities]`).

A check tries such a rule all the same. Where the target is declared to lack it and does lack it,
the check is not applicable; where the target keeps it, the check passes, and the verdict tells that
the declaration is not true. What else a check asserts is asserted in both cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.core.tried_capabilities import TITLE
from cutover_gates.hospital.answers import Answer, Rejected, Unsupported
from cutover_gates.hospital.matchers.answer_checks import find_auth_problem
from cutover_gates.hospital.matchers.empty_lists import is_empty_list
from cutover_gates.hospital.matchers.expectations import (
    ExpectedRejection,
    act_concurrently,
    expect_rejection,
)
from cutover_gates.hospital.values import Operation, Reason, Session

EMPTY_LISTS = "refusal-to-strangers"
"""The capability without which an empty list stands for a refusal."""


@dataclass
class RefusalByRule(ExpectedRejection):
    """The rejection of an action by a rule that the target may be declared not to keep."""

    name: str = ""
    absent_because: str = ""

    @property
    def is_missing(self) -> bool:
        """Whether the target did the action. Only after the `with` block.

        Only a target that is declared to lack the rule gets so far.
        """
        return self.rejection is None

    def end_check(self) -> None:
        """End the check as not applicable. What was done all the same is asserted before.

        Raises `Unsupported`.
        """
        raise Unsupported(self.name, self.absent_because)


@dataclass(frozen=True)
class RoleSession:
    """A session of a role, and how to make a new one. A new one costs a sign-in."""

    living: Session
    new: Callable[[], Session]


@dataclass(frozen=True)
class TargetCapabilities:
    """What a target is declared not to do, with the reasons, and to do in its own way (`values`).

    `observe` keeps what a check saw, as `Recorder.observe` does.
    """

    absent: Mapping[str, str]
    observe: Callable[..., None]
    values: Mapping[str, object] = field(default_factory=dict)

    def lacks(self, name: str) -> bool:
        """Return whether the target is declared not to have a capability."""
        return name in self.absent

    def is_declared(self, name: str) -> bool:
        """Return whether a capability is declared absent, or otherwise than usual."""
        return name in self.absent or name in self.values

    def allow_lack(self, name: str, *, is_lacking: bool) -> None:
        """Note whether a capability that is declared absent, or otherwise, is missing.

        Raises `Unsupported` where it is declared absent and is missing. Where nothing is declared,
        the check goes on in any case.
        """
        if self.is_declared(name):
            self.note(name, works=not is_lacking)
        if self.lacks(name) and is_lacking:
            raise Unsupported(name, self.absent[name])

    def choose(self, name: str, usual: Iterable[str]) -> tuple[str, ...]:
        """Return what a target has of a capability that is a list: none, some, or as usual."""
        if self.lacks(name):
            return ()
        value = self.values.get(name)
        return value if isinstance(value, tuple) else tuple(usual)

    def note(self, name: str, *, works: bool) -> None:
        """Note that a declared capability was found working, or that the check did without it."""
        self.observe(TITLE, capability=name, works=works)

    @contextmanager
    def refusal(self, name: str, *reasons: Reason, doing: str = "") -> Iterator[RefusalByRule]:
        """Assert that the block's action is rejected, as `expect_rejection` does.

        A target that is declared to lack `name` may do it: `is_missing` is true after the block
        then. The block holds the action alone: a rejection of what follows it is a finding.
        """
        result = RefusalByRule(name=name, absent_because=self.absent.get(name, ""))
        if not self.lacks(name):
            with expect_rejection(*reasons, doing=doing) as given:
                yield result
            result.rejection = given.rejection
        else:
            try:
                yield result
            except Rejected as rejected:
                # The same finding as for a target that declares nothing.
                with expect_rejection(*reasons, doing=doing):
                    raise
                result.rejection = rejected
            self.note(name, works=not result.is_missing)

    def require_closed(self, look: Callable[[], object], *reasons: Reason, is_list: bool) -> None:
        """Assert that a look at somebody's records is rejected for one of `reasons`.

        A target that is declared to give empty lists instead may give one where the look is at a
        list or a search (`is_list`). A single record is never given.
        """
        if not is_list or not self.lacks(EMPTY_LISTS):
            with expect_rejection(*reasons):
                look()
            return
        (answer,) = act_concurrently(look)
        if isinstance(answer, Rejected):
            with expect_rejection(*reasons):
                raise answer
        else:
            _require_empty(answer, reasons)
        self.note(EMPTY_LISTS, works=isinstance(answer, Rejected))

    def require_role_refusal(
        self, act: Callable[[Session], object], session: RoleSession, *, is_list: bool
    ) -> None:
        """Assert that a role is refused an act which is not its work, as forbidden.

        "Unauthenticated" is a refusal of the role where a session that was just made gets it, too.
        A target that is declared to give empty lists instead may say "not found", and give an empty
        one where the act is a list or a search (`is_list`).
        """
        (answer,) = act_concurrently(partial(act, session.living))
        also: list[Reason] = []
        if isinstance(answer, Rejected) and answer.reason is Reason.UNAUTHENTICATED:
            (answer,) = act_concurrently(partial(act, session.new()))
            also.append(Reason.UNAUTHENTICATED)
        if self.lacks(EMPTY_LISTS):
            self.note(EMPTY_LISTS, works=_is_refused(answer))
            if is_list and not isinstance(answer, Rejected):
                _require_empty(answer, (Reason.FORBIDDEN,))
                return
            also.append(Reason.NOT_FOUND)
        with expect_rejection(Reason.FORBIDDEN, *also):
            if isinstance(answer, Rejected):
                raise answer

    def is_role_refusal(self, operation: Operation, answer: Answer, reason: Reason | None) -> bool:
        """Return whether an answer refuses a role what is not its work (`reason` is the answer's).

        The same holds as in `require_role_refusal`, but for a session that may have ended.
        """
        if reason is Reason.NOT_FOUND and self.lacks(EMPTY_LISTS):
            self.note(EMPTY_LISTS, works=False)
            return True
        return reason is Reason.FORBIDDEN or self.is_refusal(operation, answer)

    def find_open_door(self, operation: Operation, answer: Answer) -> Finding | None:
        """Return a finding where an answer to a caller without a valid token is no refusal of it.

        A target that is declared to give empty lists instead may give one.
        """
        finding = find_auth_problem(str(operation), answer)
        return None if finding and self.is_refusal(operation, answer) else finding

    def is_refusal(self, operation: Operation, answer: Answer) -> bool:
        """Return whether a success stands for a refusal, as the target is declared to give it."""
        if not self.lacks(EMPTY_LISTS) or not is_empty_list(operation, answer):
            return False
        self.note(EMPTY_LISTS, works=False)
        return True


NOTHING_DECLARED = TargetCapabilities({}, lambda *_, **__: None)
"""The capabilities of a target that declares nothing."""


def _is_refused(answer: object) -> bool:
    """Return whether an answer says that the role may not."""
    return isinstance(answer, Rejected) and answer.reason is not Reason.NOT_FOUND


def _require_empty(answer: object, reasons: Sequence[Reason]) -> None:
    """Require a list without entries: any entry is a record that must not be shown."""
    if isinstance(answer, Sequence) and not isinstance(answer, str | bytes) and not answer:
        return
    shown = f"a list of {len(answer)}" if isinstance(answer, list | tuple) else "an answer"
    expected = f"a rejection as {' or '.join(reason.value for reason in reasons)}, or an empty list"
    raise FindingsError(Finding(THIS_CHECK, "list", expected, shown))
