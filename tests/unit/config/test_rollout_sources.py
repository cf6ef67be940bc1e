"""What tells of a step beside its answers: what can be declared, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from cutover_gates.config.previous import Rollout

INTERVAL = "at >= %(begins)s AND at < %(ends)s"
JOB = {"name": "bills", "query": f"SELECT count(*) FROM runs WHERE {INTERVAL}", "every_seconds": 60}
COUNT = {"name": "dead", "query": "SELECT count(*) FROM dead"}


@pytest.mark.parametrize(
    "table",
    [
        {"weights": {"route": "httproute/hospital", "new_backend": "new"}},
        {"weights": {"route": "rollout/hospital", "command": ["weights"]}},
        {"jobs": [JOB, {**JOB, "name": "letters"}], "constant_counts": [COUNT]},
    ],
)
def test_what_is_whole_is_taken(table: dict[str, Any]) -> None:
    assert Rollout.model_validate(table)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"weights": {"route": "httproute/hospital"}}, "set new_backend"),
        ({"weights": {"route": "ingress/hospital", "new_backend": "new"}}, "new_backend is for"),
        ({"weights": {"route": "service/hospital"}}, "should match pattern"),
        ({"kind": "rolling", "weights": {"command": ["weights"]}}, "has no weights"),
        ({"jobs": [JOB, JOB]}, "bills is declared twice"),
        ({"constant_counts": [COUNT, COUNT]}, "dead is declared twice"),
        ({"jobs": [{**JOB, "command": ["runs"]}]}, "either query or command"),
        ({"constant_counts": [{"name": "dead"}]}, "either query or command"),
        ({"jobs": [{**JOB, "query": "SELECT count(*) FROM runs"}]}, "%(begins)s is missing"),
        (
            {"jobs": [{"name": "bills", "command": ["runs", "{begins}"], "every_seconds": 9}]},
            "{ends} is missing",
        ),
        (
            {
                "jobs": [
                    {
                        "name": "bills",
                        "command": ["runs", "{begins}", "{ends}", "{percent}"],
                        "every_seconds": 9,
                    }
                ]
            },
            "only {begins} and {ends} are known",
        ),
    ],
)
def test_what_could_prove_nothing_is_refused(table: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as error:
        Rollout.model_validate(table)
    assert said in str(error.value)
