"""What happens where a run before the first check meets a mapping that does not fit the target."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.hospital import MappingError
from cutover_gates.plugin import runs_beforehand

RUN: Any = SimpleNamespace(suites={"contract"}, requested_items=frozenset())
TARGET: Any = None


def prepare(monkeypatch: pytest.MonkeyPatch, warning: str) -> None:
    """The document is not found where the mapping says; `warning` is about the mapping."""

    def fail(*_: object) -> None:
        raise MappingError("operations.describe: answered HTTP 404; is the path right?")

    monkeypatch.setattr(runs_beforehand, "is_outage_requested", lambda _run: False)
    monkeypatch.setattr(runs_beforehand, "untested_mapping_warning", lambda _run: warning)
    monkeypatch.setattr(runs_beforehand, "_fuzz_api", fail)


def test_a_mapping_that_was_walked_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """The release lost it: the gate goes on, and its checks say so. It is no usage error."""
    prepare(monkeypatch, "")
    runs_beforehand.make_runs_beforehand(RUN, TARGET)


def test_a_mapping_that_nobody_walked_is_its_authors_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare(monkeypatch, "The mapping of x has not passed --check-mapping")
    with pytest.raises(MappingError):
        runs_beforehand.make_runs_beforehand(RUN, TARGET)
