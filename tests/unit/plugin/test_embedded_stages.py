"""How the release before of the embedded hospital is asked."""

from __future__ import annotations

import pytest

from cutover_gates.config.settings import Settings
from cutover_gates.config.target import Target
from cutover_gates.plugin.embedded_stages import adapt_to_stage

EMBEDDED = Settings(targets={"embedded": Target(kind="embedded")})
REMOTE = Settings(
    target="site", targets={"site": Target.model_validate({"url": "https://site.example"})}
)


@pytest.mark.parametrize("gate", ["t24", "t12", "t1", "rollback", "rollback and smoke"])
def test_the_release_before_is_not_asked_for_what_only_the_new_one_has(gate: str) -> None:
    """The tag is left out, and what 1.9.0 has not is declared absent."""
    target = adapt_to_stage(EMBEDDED, [gate]).chosen_target
    assert target.rest is not None
    assert "tag" not in target.rest["operations"]["register"]["json"]
    assert {"idempotency-keys", "retire_patient"} <= target.absent_capabilities.keys()


@pytest.mark.parametrize("gates", [["phase3"], ["post-hour"], ["smoke"], ["t1", "phase3"], []])
def test_the_new_release_is_asked_for_all(gates: list[str]) -> None:
    """A gate at which 2.0.0 answers declares nothing away."""
    assert adapt_to_stage(EMBEDDED, gates) is EMBEDDED


def test_another_target_speaks_as_it_is_declared() -> None:
    """Its own settings say what its release before has."""
    assert adapt_to_stage(REMOTE, ["rollback"]) is REMOTE
