"""The line of the settings to which an unexpected rejection points."""

from __future__ import annotations

from cutover_gates.drivers.mapping_check.causes import Cause
from cutover_gates.drivers.mapping_check.check_context import ActingAccounts, CheckStep
from cutover_gates.drivers.mapping_check.last_exchange import LastExchange
from cutover_gates.drivers.mapping_check.source_locations import SourceLocations
from cutover_gates.drivers.rest.rejected_fields import BODIES, named_words
from cutover_gates.hospital import Role

_REGISTRAR_OPERATIONS = (
    "register",
    "patient",
    "search",
    "update",
    "refresh",
    "sign_out",
    "sign_in",
)


def key_of_rejection(step: CheckStep, cause: Cause, acting: ActingAccounts) -> str:
    """Return the key to look at, for a rejection that nobody provoked."""
    if cause in (Cause.SIGN_IN_REJECTED, Cause.MISSING_RIGHT):
        role = step.gives if step.gives in acting else acting_role(step)
        accounts = acting.get(role, {})
        return f"users.{accounts.get(step.operation, accounts.get('', role))}"
    if cause is Cause.TOKEN_REJECTED:
        return "token.value"
    if cause is Cause.NOTHING_FOUND:
        return f"operations.{step.operation}.path"
    if cause is Cause.TOO_MANY_SIGN_INS:
        return "token.sign_ins_per_minute"
    return f"operations.{step.operation}"


def acting_role(step: CheckStep) -> str:
    """Return the role whose session a step uses."""
    if step.gives in list(Role):
        return step.gives
    if step.operation.startswith("retire"):
        return Role.ADMINISTRATOR.value
    if step.operation in _REGISTRAR_OPERATIONS:
        return Role.REGISTRAR.value
    return Role.CLINICIAN.value


def find_rejected_field(
    exchange: LastExchange, locations: SourceLocations, operation: str
) -> tuple[str, str]:
    """Return the line of the field that a rejection names, and a text that says so.

    Without such a field it is the line of the body, else of `operation`, and no text.
    """
    if media_type := _wrong_media_type(exchange):
        return f"{operation}.headers.Content-Type", f"; JSON was sent as {media_type}"
    named = named_words(exchange.answer.json if exchange.answer else None)
    bodies = [f"{operation}.{body}" for body in BODIES]
    for body in bodies:
        for name in sorted(named & locations.names_below(body)):
            key = f"words.{name}" if locations.has_own_key(f"words.{name}") else f"{body}.{name}"
            return key, f"; it complains of {name}"
    own = [body for body in bodies if locations.has_own_key(body)]
    return (own[0] if own else operation), ""


def _wrong_media_type(exchange: LastExchange) -> str | None:
    """Return the media type of a request whose body is JSON, where it says something else."""
    request = exchange.request
    if request is None or request.content[:1] != b"{":
        return None
    media_type = request.headers.get("content-type", "")
    return None if "json" in media_type else str(media_type)
