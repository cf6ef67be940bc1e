"""The questions about a load balancer; each method answers one."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from cutover_gates.config.load_balancer import LoadBalancerSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.hospital import Unsupported
from cutover_gates.probes.network.load_balancer import rules
from cutover_gates.probes.network.load_balancer.backend_failover import FailoverTrial
from cutover_gates.probes.network.load_balancer.backend_rotation import judge_rotation
from cutover_gates.probes.network.load_balancer.client_address import (
    ClientAddressCheck,
    LogSearch,
)
from cutover_gates.probes.network.load_balancer.probe_traffic import ProbeTraffic
from cutover_gates.probes.network.network_context import (
    TIMEOUT_SLACK_SECONDS,
    NetworkContext,
    create_verifying_context,
    join_url,
    send_get,
)
from cutover_gates.util.concurrency import query_all
from cutover_gates.util.http import BoundedResponse, SourceUnavailable

NO_FAILOVER, NO_CLIENT = "balancer-failover", "client-address"
"""What a target declares as unsupported where no backend may be stopped, or where the log does not
hold the client's address."""


class LoadBalancerAssessments:
    """The questions about the load balancer at `url`.

    `search_log` searches the target's log, where an entry arrives within `log_seconds`. `marker`
    makes request ids. `acquire_failover_lock` waits until no other process queries the backends.

    Raises `SettingsError` for an authority that cannot be read.
    """

    def __init__(
        self,
        settings: LoadBalancerSettings,
        url: str,
        context: NetworkContext,
        *,
        production: bool = False,
        ca_file: Path | None = None,
        search_log: LogSearch | None = None,
        log_seconds: float = 10,
        marker: Callable[[], str] = lambda: f"cutover-{time.time_ns():x}",
        acquire_failover_lock: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings, self.context, self.production = settings, context, production
        self.search_log, self.log_seconds, self.marker = search_log, log_seconds, marker
        self.acquire_failover_lock = acquire_failover_lock
        self.address = join_url(settings.url or url, settings.health_path)
        self._get = partial(
            send_get, seconds=settings.seconds, tls=create_verifying_context(ca_file)
        )
        self.ask_balancer = partial(self._get, self.address)

    def assess_backends(self) -> Assessment:
        """Every backend answers when it is asked directly."""
        builder = self._create_builder("backends")
        for backend, reply in self._query_backends().items():
            builder.checked.append(backend)
            problem = _find_problem(reply)
            if problem:
                builder.add_finding(
                    rules.BACKEND_ANSWERS,
                    backend,
                    expected="status 2xx",
                    actual=problem,
                    reproduce=f"curl -i {join_url(backend, self.settings.health_path)}",
                )
        return self.context.finish(builder, "Every backend answers")

    def assess_rotation(self) -> Assessment:
        """Every backend answers through the balancer, no other does, and no request is lost."""
        builder = self._create_builder("backends", "instance_header")
        if not builder.not_proven:
            try:
                # One request first: where nothing answers, many would only take long.
                self.ask_balancer()
            except SourceUnavailable as error:
                builder.checked.append(self.address)
                builder.add_finding(
                    rules.REQUESTS_ANSWERED,
                    self.address,
                    expected="an answer",
                    actual=error.reason,
                    reproduce=f"curl -i {self.address}",
                )
            else:
                judge_rotation(
                    builder,
                    self.address,
                    self.settings.instance_header or "",
                    self.ask_balancer,
                    self._find_names,
                )
        return self.context.finish(builder, "Every backend is in rotation")

    def assess_failover(self) -> Assessment:
        """A backend that dies is taken out without a lost request, and comes back.

        Raises `Unsupported` where settings declare that none may be stopped.
        """
        self._require_supported(NO_FAILOVER)
        builder = self._create_builder("backends", "instance_header")
        self._add_failover_gaps(builder)
        if not builder.not_proven:
            # Other processes of the run query the same backends.
            self.acquire_failover_lock()
            settings = self.settings
            traffic = ProbeTraffic(self.ask_balancer, settings.instance_header or "")
            trial = FailoverTrial(
                traffic, settings.backends, self.ask_backend, self.backend_names, settings.seconds
            )
            trial.run(settings.kill, settings.back_seconds, builder)
        return self.context.finish(builder, "A dead backend is taken out and comes back")

    def assess_client_address(self) -> Assessment:
        """The target's log holds the client's address, not the balancer's.

        Raises `Unsupported` where settings declare that it does not.
        """
        self._require_supported(NO_CLIENT)
        builder, field = AssessmentBuilder(), self.settings.client_field
        if not field:
            key = self.context.key("balancer", "client_field")
            builder.add_gap(rules.CLIENT_ADDRESS_KNOWN, key, "not set")
        elif self.search_log is None:
            key = f"targets.{self.context.target}.monitoring.logs"
            builder.add_gap(rules.CLIENT_ADDRESS_KNOWN, key, "no log is declared")
        else:
            check = ClientAddressCheck(
                self.address, field, self.settings.client_address, self.search_log, self.log_seconds
            )
            check.run(self.ask_balancer, self.marker(), builder)
        return self.context.finish(builder, "The client's address is passed on")

    def ask_backend(self, backend: str) -> BoundedResponse:
        """Return the answer of one backend, asked directly. Raises `SourceUnavailable`."""
        return self._get(join_url(backend, self.settings.health_path))

    def backend_names(self, backend: str, reply: BoundedResponse | SourceUnavailable) -> set[str]:
        """Return the names of a backend in the answers: its address, and its own name."""
        # Some load balancers write the address of the backend into the header.
        names = {urlsplit(backend).netloc}
        header = (self.settings.instance_header or "").lower()
        if isinstance(reply, BoundedResponse) and reply.headers.get(header):
            names.add(reply.headers[header])
        return names

    def _find_names(self) -> dict[str, set[str]]:
        replies = self._query_backends()
        return {backend: self.backend_names(backend, replies[backend]) for backend in replies}

    def _query_backends(self) -> dict[str, BoundedResponse | SourceUnavailable]:
        bound = self.settings.seconds + TIMEOUT_SLACK_SECONDS
        return query_all(self.settings.backends, self.ask_backend, bound)

    def _create_builder(self, *needed: str) -> AssessmentBuilder:
        builder = AssessmentBuilder()
        missing = [key for key in needed if not getattr(self.settings, key)]
        self.context.add_undeclared(builder, rules.BACKENDS_DECLARED, "balancer", missing)
        return builder

    def _require_supported(self, ability: str) -> None:
        if ability in self.context.declared:
            raise Unsupported(ability, self.context.declared[ability])

    def _add_failover_gaps(self, builder: AssessmentBuilder) -> None:
        rule = rules.FAILOVER_TESTABLE
        # Not even with a command: nothing is stopped on production.
        if self.production:
            builder.add_gap(rule, self.context.target, "no backend is stopped on production")
        elif not self.settings.kill:
            builder.add_gap(rule, self.context.key("balancer", "kill"), "not set")
        if len(self.settings.backends) == 1:
            reason = "there is one backend, and without it nothing answers"
            builder.add_gap(rule, self.context.key("balancer", "backends"), reason)


def _find_problem(reply: BoundedResponse | SourceUnavailable) -> str:
    if isinstance(reply, SourceUnavailable):
        return reply.reason
    return "" if reply.is_success else f"status {reply.status}"
