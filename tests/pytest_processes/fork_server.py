"""A process that has imported the libraries of a gate, and becomes `pytest` in a fork for each call.

A script: `python fork_server.py SOCKET`. It imports libraries of others only: pytest's plugins and
the code under test are imported by each fork itself, with its own environment and search path, so
that assertions are rewritten and parts are registered as in any start. It ends with its standard
input.

A client sends one line of JSON (`Call`), and gets two lines: the process id, and the exit status.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import socket
import sys
import threading
import types
from collections.abc import Mapping
from os import _exit  # the gate replaces `os._exit` for its own process
from pathlib import Path
from typing import Any, NoReturn

from _pytest.config import default_plugins  # pytest's own list of its parts

LIBRARIES = (
    "pytest",
    *(f"_pytest.{name}" for name in default_plugins),
    "allure_commons.logger",
    "concurrent.futures.thread",
    "execnet.gateway",
    "httpcore",
    "httpx",
    "importlib.resources.readers",
    "jinja2.ext",
    "jmespath",
    "multiprocessing.pool",
    "packaging.version",
    "platformdirs",
    "psycopg",
    "pydantic",
    "pydantic_settings",
    "securesystemslib.signer",
    "unittest.mock",
)
"""What a gate imports beside pytest's plugins and the code under test."""
SEARCH_PATH = tuple(sys.path[1:])
"""Where Python looks for modules, without this script's folder."""


def serve(address: str) -> None:
    """Become `pytest` for each client, until standard input ends."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # so that no fork copies what it only collects
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        print(flush=True)
        while sys.stdin not in select.select([sys.stdin, listener], [], [])[0]:
            client, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                attend(client)
            client.close()
            _reap(os.WNOHANG)
    _reap(0)


def _reap(how: int) -> None:
    """Wait for attendants that have ended, so that what they took counts as this process's."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, how)[0]:
            pass


def attend(client: socket.socket) -> NoReturn:
    """Start the call in a fork, and tell the client its process id and its exit status."""
    with client.makefile("rw") as lines:
        call = json.loads(lines.readline())
        if (process := os.fork()) == 0:
            become_pytest(call)
        print(process, file=lines, flush=True)
        _, status = os.waitpid(process, 0)
        with contextlib.suppress(BrokenPipeError):
            print(os.waitstatus_to_exitcode(status), file=lines, flush=True)
    _exit(0)


def become_pytest(call: Mapping[str, Any]) -> NoReturn:
    """Do what `python -m pytest WORDS` does, from the first line to the last."""
    _take_place(call["folder"], call["environment"], call["output"])
    sys.argv = ["pytest", *call["words"]]
    sys.orig_argv = [sys.executable, "-m", *sys.argv]
    sys.modules["__main__"] = types.ModuleType("__main__")
    status = 1
    try:
        runpy._run_module_as_main("pytest")  # type: ignore[attr-defined]  # this is what -m calls
    except SystemExit as leaving:
        status = _read_status(leaving.code)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    # The order in which an interpreter ends.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    _exit(status)


def _take_place(folder: str, environment: Mapping[str, str], output: str) -> None:
    """Take the folder, the environment and the streams of the call."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(output, os.O_WRONLY | os.O_APPEND)
    for stream, file in enumerate((nothing, written, written)):
        os.dup2(file, stream)
    sys.path[:] = [folder, *_listed(environment.get("PYTHONPATH", "")), *SEARCH_PATH]
    sys.pycache_prefix = environment.get("PYTHONPYCACHEPREFIX") or None
    sys.dont_write_bytecode = bool(environment.get("PYTHONDONTWRITEBYTECODE"))


def _listed(paths: str) -> list[str]:
    return [str(Path(path).absolute()) for path in paths.split(os.pathsep) if path]


def _read_status(code: object) -> int:
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    print(code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    serve(sys.argv[1])
