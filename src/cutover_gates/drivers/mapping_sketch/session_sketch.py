"""The sketch of sessions: how a token is shown, and how one signs in, renews it and leaves."""

from __future__ import annotations

from collections.abc import Mapping

from cutover_gates.drivers.mapping_sketch.answer_places import sketch_places
from cutover_gates.drivers.mapping_sketch.document_outline import (
    DocumentOutline,
)
from cutover_gates.drivers.mapping_sketch.field_names import PASSWORD, SESSION, USERNAME
from cutover_gates.drivers.mapping_sketch.outlined_operation import OutlinedOperation
from cutover_gates.drivers.mapping_sketch.request_bodies import BodySketcher, body_tables
from cutover_gates.drivers.mapping_sketch.schema_shapes import Schema, is_plain_text
from cutover_gates.drivers.mapping_sketch.sketch_lines import TODO, Line, SketchTable

_CREDENTIALS = {
    "username": (USERNAME, "{{ credentials.username }}"),
    "password": (PASSWORD, "{{ credentials.password }}"),
}
_NO_SCHEME = "the document names no security scheme: this is the usual one"


class SessionSketcher:
    """Sketches the session's tables from the security schemes and the matched operations."""

    def __init__(
        self,
        outline: DocumentOutline,
        operations: Mapping[str, OutlinedOperation],
        bodies: BodySketcher,
    ) -> None:
        self._outline, self._operations, self._bodies = outline, operations, bodies

    def token(self) -> SketchTable:
        """Return how a request shows its token."""
        table = SketchTable(("token",))
        schemes = list(self._outline.security_schemes.values())
        header, value, note = _choose_header(schemes)
        table.add("header", header)
        table.add("value", value, note)
        return table

    def sign_in(self) -> list[SketchTable]:
        """Return the tables of the sign-in; empty where the document has none."""
        table = SketchTable(("operations", "sign_in"))
        operation = self._operations.get("sign_in")
        if operation is None:
            return self._sign_in_by_flow(table)
        table.add("method", "POST")
        table.add("path", operation.path)
        lines = self._bodies.sketch(operation, _CREDENTIALS)
        return [table, *body_tables(table.path, operation.body_type, lines)]

    def refresh(self) -> list[SketchTable]:
        """Return the tables of the renewal; empty where the document has none."""
        operation = self._operations.get("refresh")
        if operation is None:
            return []
        table = SketchTable(("operations", "refresh"))
        table.add("method", "POST")
        table.add("path", operation.path)
        own = {"refresh": (SESSION["refresh"], "{{ session.refresh }}")}
        lines = self._bodies.sketch(operation, own)
        return [table, *body_tables(table.path, operation.body_type, lines)]

    def sign_out(self) -> list[SketchTable]:
        """Return the table of leaving; empty where the document has none."""
        operation = self._operations.get("sign_out")
        if operation is None:
            return []
        table = SketchTable(("operations", "sign_out"))
        table.add("method", operation.method)
        table.add("path", operation.path)
        own = {
            "refresh": (SESSION["refresh"], "{{ session.refresh }}"),
            "access": (SESSION["access"], "{{ session.access }}"),
        }
        lines = self._bodies.sketch(operation, own)
        return [table, *body_tables(table.path, operation.body_type, lines)]

    def answer(self) -> SketchTable:
        """Return where the tokens stand in the answer of a sign-in."""
        operation = self._operations.get("sign_in")
        fields = self._outline.fields_of(operation.answer) if operation else []
        places = sketch_places("session", fields)
        if operation is None and self._flow_address():
            # RFC 6749 names these two.
            places = [Line("access", "access_token"), Line("lifetime", "expires_in")]
        return SketchTable(("answers", "session"), places)

    def _sign_in_by_flow(self, table: SketchTable) -> list[SketchTable]:
        address = self._flow_address()
        if not address:
            return []
        table.add("method", "POST")
        is_absolute = address.startswith(("http://", "https://"))
        table.add(
            "url" if is_absolute else "path", address if is_absolute else f"/{address.lstrip('/')}"
        )
        form = {
            "grant_type": "password",
            "username": "{{ credentials.username }}",
            "password": "{{ credentials.password }}",
        }
        table.add("form", form)
        return [table]

    def _flow_address(self) -> str:
        """Return the address of OAuth's password flow, empty where the document has none."""
        for scheme in self._outline.security_schemes.values():
            flows = scheme.get("flows")
            flow = flows.get("password") if isinstance(flows, dict) else None
            address = str(flow.get("tokenUrl") or "") if isinstance(flow, dict) else ""
            if address and is_plain_text(address):
                return address
        return ""


def _choose_header(schemes: list[Schema]) -> tuple[str, str, str]:
    """Return the header that shows a token, its value, and a comment."""
    bearer = "Authorization", "Bearer {{ token }}"
    for scheme in schemes:
        kind, name = scheme.get("type"), str(scheme.get("name") or "")
        if kind in ("oauth2", "openIdConnect") or str(scheme.get("scheme", "")).lower() == "bearer":
            return *bearer, ""
        if not is_plain_text(name):
            continue
        if kind == "apiKey" and scheme.get("in") == "header":
            value = "Bearer {{ token }}" if name.lower() == "authorization" else "{{ token }}"
            return name, value, f"{TODO}: perhaps with a word before it"
        if kind == "apiKey" and scheme.get("in") == "cookie":
            return "Cookie", f"{name}={{{{ token }}}}", ""
    note = _NO_SCHEME if not schemes else "none of its schemes shows a token in a header"
    return *bearer, f"{TODO}: {note}"
