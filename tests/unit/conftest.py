"""Unit tests start no process and open no connection: that keeps them fast and free of chance."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3  # noqa: F401  # binds a socket when it is imported, to look for IPv6

from tests.property_draws import load_profile

load_profile()

FORBIDDEN = frozenset(
    {
        "subprocess.Popen",
        "os.fork",
        "os.forkpty",
        "os.exec",
        "os.posix_spawn",
        "os.system",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
    }
)
"""Audit events of Python (PEP 578) that none of them may raise."""
ALLOWED = frozenset(
    Path(__file__).with_name("may_start_processes.txt").read_text(encoding="utf-8").split()
)
"""Tests that may, as "module::function": each starts one short process (a child to kill, `git ls-files`)."""
_guarded: list[str] = []


class NotAUnitTest(BaseException):
    """A unit test started a process or used a socket.

    It is no `Exception`, so that the code under test does not take it for an error of the network.
    """


def _refuse(event: str, _arguments: tuple[Any, ...]) -> None:
    if _guarded and event in FORBIDDEN:
        raise NotAUnitTest(f"{event} in a unit test: move it to tests/integration")


# An audit hook can never be removed, so it looks at `_guarded` instead.
sys.addaudithook(_refuse)


@pytest.fixture(autouse=True)
def _guard(request: pytest.FixtureRequest) -> Iterator[None]:
    module = request.path.relative_to(Path(__file__).parent).as_posix()
    test = f"{module}::{request.node.originalname}"
    if test in ALLOWED:
        yield
        return
    _guarded.append(test)
    try:
        yield
    finally:
        _guarded.clear()
