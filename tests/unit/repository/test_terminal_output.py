"""One way out: nothing but `util.terminal_output` writes to a terminal, a pipe or a runner's log."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.unit.repository.test_code_rules import ROOT

PACKAGE = ROOT / "src/cutover_gates"
ONE_WAY = "util/terminal_output.py"
WRITERS = frozenset(
    {"print", "echo", "secho", "print_exc", "print_exception", "input", "breakpoint"}
)
"""Names that write to a stream of the process, as functions or as methods (`console.print`)."""
STREAMS = frozenset({"stdout", "stderr", "__stdout__", "__stderr__", "out", "_out", "console"})
"""Names of streams; what is written to another object goes to a file, a pipe or a socket."""
LOGS = {
    "probes/load/worker_main.py": "a load process: its standard error is a file of the run's",
}
"""Modules that set up logging, and where it goes."""


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _writes_to_stream(call: ast.Call) -> bool:
    name = _name_of(call.func)
    if name in WRITERS:
        return True
    is_write = name in ("write", "writelines") and isinstance(call.func, ast.Attribute)
    return is_write and _name_of(call.func.value) in STREAMS  # type: ignore[attr-defined]  # see above


def test_nothing_else_writes_to_a_stream_of_the_process() -> None:
    """An escape sequence in a target's words would reach the terminal past the one way."""
    found = {
        f"{path.relative_to(PACKAGE)}:{call.lineno}"
        for path in PACKAGE.rglob("*.py")
        for call in _calls(path)
        if str(path.relative_to(PACKAGE)) != ONE_WAY and _writes_to_stream(call)
    }
    assert found == set()


def test_nothing_else_logs_to_a_stream_of_the_process() -> None:
    """A log handler is another way out; a warning is one that pytest prints as it is."""
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for call in _calls(path)
        if _name_of(call.func) in ("basicConfig", "StreamHandler", "warn", "warn_explicit")
    }
    assert found == set(LOGS)


def test_the_one_way_is_found() -> None:
    """Otherwise the tests above would hold for a package that writes nothing."""
    assert any(map(_writes_to_stream, _calls(PACKAGE / ONE_WAY)))
