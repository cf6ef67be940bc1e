"""Starts the target of a run, or takes it as the settings describe it."""

from __future__ import annotations

from collections.abc import Iterator

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import CONTAINER_TARGET
from cutover_gates.core.check_groups import needs_of
from cutover_gates.core.findings import NotProven
from cutover_gates.core.gates import GATES, MARKER_WORD
from cutover_gates.plugin.account_lookup import require_work
from cutover_gates.plugin.gate_settings import EMBEDDED_STAGES
from cutover_gates.plugin.progress import print_line
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.step_children import read_handed_target, show_step
from cutover_gates.plugin.step_selection import find_step, is_whole_rollout
from cutover_gates.targets import embedded, running_target
from cutover_gates.targets.embedded_night import ROLLOUT_STAGE as ROLLOUT
from cutover_gates.targets.embedded_night import STAGE as NIGHT
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.shipped_files import shipped_root

WATCHED_GATES = frozenset({"post-hour", "post"})
"""The gates that ask how the cutover went."""


def start_target(run: PytestRun, groups: frozenset[str] = frozenset()) -> Iterator[RunningTarget]:
    """Yield the target of this run; it stays up for as long as the iterator is held.

    An embedded hospital is started here and stopped at the end. `groups` are the groups of checks
    that run without a gate: they need what they need, too.
    """
    require_work(run.settings)
    if run.running_target is not None:
        yield run.running_target
    elif run.settings.chosen_target.kind == "embedded" and (handed := read_handed_target(run)):
        yield run.attach(show_step(run, handed))
    elif run.settings.chosen_target.kind == "embedded":
        yield from _start_embedded(run, groups)
    elif run.settings.chosen_target.kind == "containers":
        # here, because it loads psycopg (0.1 s), which a remote target may not need
        from cutover_gates.targets import containers

        with containers.run_containers(run.settings) as target:
            yield run.attach(target)
    else:
        yield run.attach(running_target.describe_remote(run.settings))


def _start_embedded(run: PytestRun, groups: frozenset[str]) -> Iterator[RunningTarget]:
    if run.settings.target == CONTAINER_TARGET:
        _require_container_engine()
    needs = run.plan.needs_of(run.requested_items) | needs_of(groups)
    stage = embedded_stage(run, is_switched="switch" in needs)
    hospital = embedded.start_embedded_target(
        run.settings,
        shipped_root(),
        stage,
        surroundings=surroundings_for(needs),
        # the checks of this suite restore backups, all of them
        backed_up="migrations" in run.suites or "backup" in needs,
        watch_folder=run.first_folder / "watch" if stage in (NIGHT, ROLLOUT) else None,
    )
    # Without a gate somebody works on one check, and does not want to read of what is missing.
    absent = hospital.standing.environment.get("absent", {}) if run.gates else {}
    for reason in absent.values():
        print_line(f"not with the embedded hospital: {reason}")
    try:
        yield run.attach(show_step(run, hospital.standing))
    finally:
        hospital.stop()


def surroundings_for(needs: frozenset[str]) -> str | None:
    """Return what an embedded hospital brings along, as `start_embedded_target` has it.

    It brings no more than is asked for: that costs time to start, and shares the machine with the
    load.
    """
    if "monitoring" in needs:
        return "all"
    return "front" if "front" in needs else None


def _require_container_engine() -> None:
    """Raise `SettingsError` where no container engine answers: nothing is started then."""
    # here, because it loads psycopg (0.1 s), which the embedded target alone does not need
    from cutover_gates.probes.database.scratch.scratch_container import require_engine

    try:
        require_engine()
    except NotProven as missing:
        raise SettingsError(f"target {CONTAINER_TARGET!r}: {missing.reason}") from None


def embedded_stage(run: PytestRun, *, is_switched: bool = False) -> str:
    """Return the moment of the cutover that an embedded hospital shows for these gates.

    `is_switched`: a check asks how the cutover went. The gates of the hour after it then begin with
    the night, which takes a minute or two; the others take the hospital as it is after it. Raises
    `SettingsError` where they ask for two moments at once.
    """
    words = {word for gate in run.gates for word in MARKER_WORD.findall(gate)}
    gates = words & set(GATES)
    stages = {EMBEDDED_STAGES.get(gate, "after") for gate in gates}
    if run.snapshot_only:
        stages.add("before")
    if len(stages) > 1:
        raise SettingsError(
            f"{' and '.join(sorted(gates))} are different moments of a cutover, and an embedded"
            " hospital shows one of them: run these gates one after the other"
        )
    if find_step(run.plan, run.gates) or is_whole_rollout(run.plan, run.gates):
        return ROLLOUT
    if is_switched and gates & WATCHED_GATES:
        return NIGHT
    return next(iter(stages), "after")
