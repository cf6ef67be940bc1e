"""What tells of a step beside its answers: weights, what jobs wrote, memory.

The tables are `[targets.NAME.rollout.weights]`, `[[targets.NAME.rollout.jobs]]`,
`[[targets.NAME.rollout.constant_counts]]` and `[targets.NAME.rollout.memory]`. What is not declared
is not asked.
"""

from __future__ import annotations

from pydantic import Field, model_validator

from cutover_gates.config.base import LOOSER_ABOVE, LOOSER_BELOW, Seconds, SettingsTable
from cutover_gates.config.rollout_steps import RolloutSteps

ROUTE = r"^(httproute|ingress|virtualservice|rollout)/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"
BY_BACKEND = ("httproute", "virtualservice")
"""The kinds of routes whose weights stand at backends, of which one is the new release's."""
INTERVAL_NAMES = ("%(begins)s", "%(ends)s")
"""What the query of a job must hold: the moments between which it counts."""


class RouteWeights(SettingsTable):
    """Who tells the weights of both releases. They must be those of the step."""

    route: str | None = Field(
        default=None,
        pattern=ROUTE,
        examples=["httproute/hospital"],
        description=(
            "The object in `cluster.namespace` that holds the weights: `httproute/NAME` (Gateway"
            " API), `ingress/NAME` (the canary ingress of ingress-nginx), `virtualservice/NAME`"
            " (Istio) or `rollout/NAME` (Argo Rollouts, with traffic routing). The token of the"
            " cluster must be allowed to get it."
        ),
    )
    new_backend: str | None = Field(
        default=None,
        min_length=1,
        examples=["backend-canary"],
        description=(
            "The service, or Istio's subset, of the new release in an `httproute` or a"
            " `virtualservice`."
        ),
    )
    command: tuple[str, ...] = Field(
        default=(),
        examples=[["/opt/hospital/weights", "--json"]],
        description=(
            "A command that prints the weights that the proxy has, such as"
            ' `{"new": 10, "old": 90}`. It is a list of words without a shell, changes nothing and'
            " ends within `rollout.command_seconds`."
        ),
    )

    @model_validator(mode="after")
    def _check_backend(self) -> RouteWeights:
        by_backend = self.kind in BY_BACKEND
        if by_backend and self.new_backend is None:
            raise ValueError(f"set new_backend: it says which backend of {self.route} is new")
        if self.new_backend is not None and self.route is not None and not by_backend:
            raise ValueError("new_backend is for a route of the kind httproute or virtualservice")
        return self

    @property
    def kind(self) -> str:
        """The kind of the route; empty without one."""
        return (self.route or "").partition("/")[0]


class _Counted(SettingsTable):
    """A count that a query or a command tells."""

    name: str = Field(
        min_length=1, examples=["dead letters"], description="Its name, for the verdict."
    )
    query: str | None = Field(
        default=None,
        min_length=1,
        examples=["SELECT count(*) FROM dead_letters"],
        description="A query in the target's database that returns the count. It only reads.",
    )
    command: tuple[str, ...] = Field(
        default=(),
        examples=[["/opt/hospital/dead-letters"]],
        description=(
            "Instead of `query`: a command that prints the count, as a list of words without a"
            " shell. It ends within `rollout.command_seconds`."
        ),
    )

    @model_validator(mode="after")
    def _check_source(self) -> _Counted:
        if (self.query is None) == (not self.command):
            raise ValueError(f"{self.name}: set either query or command")
        return self


class ScheduledJob(_Counted):
    """A job that must run once in each interval, also while two releases are there.

    Each release brings its own scheduler: with two of them it runs twice.
    """

    query: str | None = Field(
        default=None,
        min_length=1,
        examples=[
            "SELECT count(*) FROM reminder_runs"
            " WHERE started_at >= %(begins)s AND started_at < %(ends)s"
        ],
        description=(
            "A query in the target's database that counts what the job wrote between `%(begins)s`"
            " and `%(ends)s`. It only reads; a `%` that is meant is doubled."
        ),
    )
    command: tuple[str, ...] = Field(
        default=(),
        examples=[["/opt/hospital/job-runs", "reminders", "{begins}", "{ends}"]],
        description=(
            "Instead of `query`: a command that prints that count, as a list of words without a"
            " shell. `{begins}` and `{ends}` are the moments, in seconds since 1970."
        ),
    )
    every_seconds: Seconds = Field(
        examples=[60],
        description="Seconds from one run to the next. A step must be three times as long.",
    )
    rows: int = Field(
        default=1,
        ge=1,
        le=1_000_000,
        json_schema_extra=LOOSER_ABOVE,
        description="What one run adds to the count.",
    )

    @model_validator(mode="after")
    def _check_interval(self) -> ScheduledJob:
        told = self.query or " ".join(self.command)
        names = INTERVAL_NAMES if self.query else ("{begins}", "{ends}")
        if missing := [name for name in names if name not in told]:
            raise ValueError(f"{self.name}: {missing[0]} is missing: the job is counted in a step")
        try:
            self.fill_command(0, 1)
        except (LookupError, ValueError):
            raise ValueError(
                f"{self.name}: only {{begins}} and {{ends}} are known; double a brace that is meant"
            ) from None
        return self

    def fill_command(self, begins: float, ends: float) -> list[str]:
        """Return the words of the command for an interval, in seconds since 1970."""
        return [word.format(begins=f"{begins:.3f}", ends=f"{ends:.3f}") for word in self.command]


class ConstantCount(_Counted):
    """A count that must not grow within a step: dead letters, doubles of a rare job."""


class MemoryGrowth(SettingsTable):
    """The memory of each instance during a step: a leak only of the new release is found."""

    metric: str = Field(
        default="process_resident_memory_bytes",
        min_length=1,
        description="The gauge of the memory of an instance in bytes, in `monitoring.prometheus`.",
    )
    limit_mib: float | None = Field(
        default=None,
        gt=0,
        json_schema_extra=LOOSER_ABOVE,
        examples=[1024],
        description=(
            "The memory in MiB at which an instance is killed, such as the limit of its container."
            " Without it the growth is told and not judged."
        ),
    )
    within_hours: Seconds = Field(
        default=24,
        le=720,
        json_schema_extra=LOOSER_BELOW,
        description="Hours within which an instance that grows on must stay below `limit_mib`.",
    )


class RolloutSources(RolloutSteps):
    """The steps of a rollout, and what tells of them beside the answers."""

    weights: RouteWeights = Field(
        default=RouteWeights(), description="Who tells the weights of both releases."
    )
    jobs: tuple[ScheduledJob, ...] = Field(
        default=(),
        examples=[
            [{"name": "bills", "command": ["runs", "{begins}", "{ends}"], "every_seconds": 60}]
        ],
        description="Jobs that must run once, also while two releases are there.",
    )
    constant_counts: tuple[ConstantCount, ...] = Field(
        default=(),
        examples=[[{"name": "dead letters", "query": "SELECT count(*) FROM dead_letters"}]],
        description="Counts that must not grow within a step, such as dead letters.",
    )
    memory: MemoryGrowth = Field(
        default=MemoryGrowth(), description="The memory of each instance during a step."
    )

    @model_validator(mode="after")
    def _refuse_weights_without_weight(self) -> RolloutSources:
        if self.kind == "rolling" and (self.weights.route or self.weights.command):
            raise ValueError("a rolling rollout has no weights: remove rollout.weights")
        return self

    @model_validator(mode="after")
    def _refuse_equal_names(self) -> RolloutSources:
        for key, counted in (("jobs", self.jobs), ("constant_counts", self.constant_counts)):
            names = [one.name for one in counted]
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"{key}: {twice[0]} is declared twice; give each its own name")
        return self
