"""Network assessments where nothing is declared, nothing answers, or nothing may be done."""

from __future__ import annotations

import socket
import ssl
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import MovedError

from cutover_gates.config.base import SettingsError
from cutover_gates.config.load_balancer import LoadBalancerSettings as BalancerSettings
from cutover_gates.config.network import DnsSettings, TlsSettings
from cutover_gates.config.redis import RedisSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import FindingsError, NotProven, Rule
from cutover_gates.hospital import Unsupported
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.network.dns import rules as dns_rules
from cutover_gates.probes.network.dns.assessments import DnsAssessments
from cutover_gates.probes.network.dns.name_resolution import resolve
from cutover_gates.probes.network.load_balancer import rules as balancer_rules
from cutover_gates.probes.network.load_balancer.assessments import LoadBalancerAssessments
from cutover_gates.probes.network.network_context import NetworkContext
from cutover_gates.probes.network.redis import rules as redis_rules
from cutover_gates.probes.network.redis.assessments import RedisAssessments
from cutover_gates.probes.network.redis.client import write_probe_key
from cutover_gates.probes.network.tls import rules as tls_rules
from cutover_gates.probes.network.tls.assessments import TlsAssessments
from cutover_gates.util.http import SourceUnavailable
from tests.calibration import scale_seconds
from tests.faults.network import balancer, name_servers, redis_server, tls_fronts
from tests.faults.network.certificate_factory import NAME as CERTIFICATE_NAME
from tests.faults.network.certificate_factory import IssuedCertificate
from tests.faults.network.name_servers import NAME, NEW, NameServer
from tests.findings import list_breaches, list_gaps, list_values, values_of

CONTEXT = NetworkContext("staging")
HTTP = "http://staging.example"
ANOTHER = "correct-horse-stable"

# ── what is not declared ──

TLS = TlsAssessments(TlsSettings(), HTTP, CONTEXT)
DNS = DnsAssessments(DnsSettings(), CONTEXT)
BALANCER = LoadBalancerAssessments(BalancerSettings(), HTTP, CONTEXT)
REDIS = RedisAssessments(RedisSettings(), CONTEXT)
TABLE = "targets.staging.infrastructure"
UNDECLARED: Mapping[str, tuple[object, Rule, tuple[str, ...]]] = {
    f"{TABLE}.tls.endpoints": (
        TLS,
        tls_rules.ENDPOINTS_DECLARED,
        (
            "assess_chains",
            "assess_names",
            "assess_days_left",
            "assess_protocols",
            "assess_ciphers",
            "assess_redirects",
            "assess_hsts",
        ),
    ),
    f"{TABLE}.dns.records {TABLE}.dns.resolvers": (
        DNS,
        dns_rules.NAMES_DECLARED,
        ("assess_addresses", "assess_agreement", "assess_times_to_live"),
    ),
    f"{TABLE}.balancer.backends": (
        BALANCER,
        balancer_rules.BACKENDS_DECLARED,
        ("assess_backends",),
    ),
    f"{TABLE}.balancer.backends {TABLE}.balancer.instance_header": (
        BALANCER,
        balancer_rules.BACKENDS_DECLARED,
        ("assess_rotation",),
    ),
    f"{TABLE}.redis.url": (
        REDIS,
        redis_rules.REDIS_DECLARED,
        (
            "assess_availability",
            "assess_memory_policy",
            "assess_memory",
            "assess_persistence",
            "assess_round_trip",
        ),
    ),
}


@pytest.mark.parametrize(
    ("keys", "question"),
    [(keys, question) for keys, (*_, questions) in UNDECLARED.items() for question in questions],
)
def test_what_is_not_declared_is_not_proven_and_names_the_key(keys: str, question: str) -> None:
    """The rule says what to write, and how to say that there is none. Nothing is queried."""
    assessments, rule, _ = UNDECLARED[keys]
    assessment = getattr(assessments, question)()
    assert list_gaps(assessment) == [(rule, key) for key in keys.split()]
    assert "not_applicable" in rule.fix
    with pytest.raises(NotProven):
        assert_passed(assessment)


def test_failover_also_needs_a_command() -> None:
    assert list_gaps(BALANCER.assess_failover())[-1] == (
        balancer_rules.FAILOVER_TESTABLE,
        f"{TABLE}.balancer.kill",
    )


def test_what_an_embedded_target_could_not_start_is_the_reason() -> None:
    context = NetworkContext("embedded", absent=("nginx is not installed",))
    (gap,) = TlsAssessments(TlsSettings(), HTTP, context).assess_chains().not_proven
    assert gap.actual == "nginx is not installed"


@pytest.mark.parametrize(
    ("question", "key"),
    [("assess_failover", "balancer-failover"), ("assess_client_address", "client-address")],
)
def test_what_is_declared_unsupported_is_not_offered(question: str, key: str) -> None:
    declared = NetworkContext("staging", {key: "tried on staging"})
    with pytest.raises(Unsupported, match=f"{key} is not offered by this target: tried on staging"):
        getattr(LoadBalancerAssessments(BalancerSettings(), HTTP, declared), question)()


def test_no_backend_dies_on_production(tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    settings = BalancerSettings(
        backends=("http://a.example", "http://b.example"),
        instance_header="X-Instance",
        kill=("touch", str(killed)),
    )
    balancer = LoadBalancerAssessments(settings, HTTP, CONTEXT, production=True)
    assert list_gaps(balancer.assess_failover()) == [(balancer_rules.FAILOVER_TESTABLE, "staging")]
    assert not killed.exists()


# ── TLS ──


def test_the_targets_own_url_is_the_endpoint_where_it_is_https() -> None:
    assert [
        str(endpoint)
        for endpoint in TlsAssessments(TlsSettings(), "https://staging.example", CONTEXT).endpoints
    ] == ["staging.example:443"]
    assert [
        str(endpoint)
        for endpoint in TlsAssessments(
            TlsSettings(endpoints=("[::1]:8443",)), HTTP, CONTEXT
        ).endpoints
    ] == ["[::1]:8443"]


def test_an_authority_that_cannot_be_read_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ca_file = "):
        TlsAssessments(TlsSettings(), HTTP, CONTEXT, tmp_path / "none.pem")


def test_a_name_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    front = tls_fronts.valid_front(tmp_path)
    front.declared = {"endpoints": ("nobody.invalid:443",)}
    with (
        tls_fronts.running_front(front, tmp_path) as tls,
    ):
        ((subject, _, actual),) = list_values(tls.assess_chains())
    assert subject == "nobody.invalid:443"
    assert "the name has no address" in actual


def test_where_nobody_answers_only_one_question_finds_it(tmp_path: Path) -> None:
    """For the others it is a gap."""
    front = tls_fronts.valid_front(tmp_path)
    front.answers = False
    with tls_fronts.running_front(front, tmp_path) as tls:
        assert [rule for rule, _ in list_breaches(tls.assess_chains())] == [
            tls_rules.ENDPOINT_ANSWERS
        ]
        for question in (
            tls.assess_names,
            tls.assess_days_left,
            tls.assess_protocols,
            tls.assess_ciphers,
            tls.assess_hsts,
        ):
            assert (question().findings, question().checked) == ((), ())
            assert {rule for rule, _ in list_gaps(question())} == {tls_rules.ENDPOINT_ANSWERS}


@pytest.mark.parametrize(
    ("only", "old"),
    [
        (ssl.TLSVersion.TLSv1, {"TLS 1.0"}),
        (ssl.TLSVersion.TLSv1_2, set()),
        (ssl.TLSVersion.TLSv1_3, set()),
    ],
)
def test_a_server_may_speak_one_version_only(
    only: ssl.TLSVersion, old: set[str], tmp_path: Path
) -> None:
    """A modern server takes the good offer, so that its refusals count."""
    front = tls_fronts.valid_front(tmp_path)
    assert front.context
    front.context.set_ciphers("ALL:@SECLEVEL=0" if old else "DEFAULT")
    with warnings.catch_warnings(action="ignore"):  # that it is old is what is tried
        front.context.minimum_version = front.context.maximum_version = only
    with tls_fronts.running_front(front, tmp_path) as tls:
        found = tls.assess_protocols()
        accepted = {actual for _, _, actual in list_values(found)}
        assert {actual.removeprefix("accepted: ").partition(",")[0] for actual in accepted} == old
        assert (len(found.checked), len(found.not_proven)) == ((2, 1) if old else (3, 0))
        assert old or not tls.assess_ciphers().findings


def test_ten_dead_endpoints_cost_no_more_than_one() -> None:
    with socket.create_server(("0.0.0.0", 0), backlog=50) as silent:
        settings = TlsSettings(
            endpoints=tuple(
                f"127.0.0.{number}:{silent.getsockname()[1]}" for number in range(1, 11)
            ),
            seconds=0.4,
        )
        started = time.monotonic()
        assessment = TlsAssessments(settings, HTTP, CONTEXT).assess_chains()
    assert len(assessment.findings) == 10
    assert time.monotonic() - started < scale_seconds(2, most=1.9)


def test_a_refusal_counts_only_where_a_good_offer_is_taken(tmp_path: Path) -> None:
    """A server that hangs up on everybody refuses TLS 1.0, too."""
    front = tls_fronts.valid_front(tmp_path)
    assert front.context
    front.context.set_ciphers("ADH-AES128-SHA256:@SECLEVEL=0")
    front.context.maximum_version = front.context.minimum_version
    with (
        tls_fronts.running_front(front, tmp_path) as tls,
        pytest.raises(NotProven) as raised,
    ):
        assert_passed(tls.assess_protocols())
    assert {gap.rule for gap in raised.value.gaps} == {tls_rules.OLD_PROTOCOLS_REFUSED}
    assert "prove nothing" in raised.value.gaps[-1].actual


def test_a_plain_port_that_is_shut_is_right_where_it_is_declared(tmp_path: Path) -> None:
    front = tls_fronts.valid_front(tmp_path)
    front.declared = {"redirects": (f"http://127.0.0.1:{tls_fronts.closed_port()}/",)}
    with tls_fronts.running_front(front, tmp_path) as tls:
        assert [actual for _, _, actual in list_values(tls.assess_redirects())] == [
            "connection refused"
        ]
        tls.context = NetworkContext("staging", {"plain-http": "shut on purpose"})
        assert_passed(tls.assess_redirects())


def test_a_redirect_to_where_nobody_looks_is_not_proven(tmp_path: Path) -> None:
    front = tls_fronts.valid_front(tmp_path)
    with (
        tls_fronts.running_front(front, tmp_path) as tls,
        tls_fronts.running_http_server(
            None, 308, {"Location": "https://elsewhere.example/?token=x"}
        ) as port,
    ):
        tls.settings = tls.settings.model_copy(update={"redirects": (f"http://127.0.0.1:{port}/",)})
        (gap,) = tls.assess_redirects().not_proven
    assert gap.rule == tls_rules.PLAIN_HTTP_REDIRECTS
    assert gap.subject == f"http://127.0.0.1:{port}/"
    assert "https://elsewhere.example/, which is not among tls.endpoints" in gap.actual


# ── DNS ──


def test_an_answer_that_is_too_long_for_udp_comes_over_tcp() -> None:
    with name_servers.running_name_servers(NameServer(long=True)) as dns:
        assert_passed(dns.assess_addresses())


def test_an_alias_is_followed_in_one_answer_and_over_several() -> None:
    alias = {
        NAME: (("CNAME", "front.example.org"),),
        "front.example.org": (("A", NEW), ("AAAA", "2001:db8::1")),
    }
    with name_servers.running_name_servers(
        NameServer(zone=alias), records={NAME: (NEW, "2001:DB8:0::1")}
    ) as dns:
        assert_passed(dns.assess_addresses())
        led = resolve(dns.settings.resolvers[0], NAME, "A", 1)
        assert (led.addresses, led.ttls) == (
            {NEW},
            {f"{NAME} CNAME": 60, "front.example.org A": 60},
        )
        assert_passed(dns.assess_times_to_live())


def test_a_ring_of_aliases_ends() -> None:
    ring = {
        NAME: (("CNAME", "a.example.org"),),
        "a.example.org": (("CNAME", "b.example.org"),),
        "b.example.org": (("CNAME", "c.example.org"),),
    }
    with (
        name_servers.running_name_servers(NameServer(zone=ring)) as dns,
        pytest.raises(FindingsError) as raised,
    ):
        assert_passed(dns.assess_addresses())
    assert "NXDOMAIN" in values_of(raised.value, dns_rules.DECLARED_ADDRESSES)[0]


def test_dead_resolvers_cost_no_more_than_one() -> None:
    started = time.monotonic()
    with (
        name_servers.running_name_servers(
            NameServer(), *(NameServer(silent=True) for _ in range(10))
        ) as dns,
        pytest.raises(NotProven) as raised,
    ):
        assert_passed(dns.assess_addresses())
    assert time.monotonic() - started < scale_seconds(2.5, most=1.9)
    gaps = raised.value.gaps
    assert [(gap.rule, gap.actual) for gap in gaps] == 10 * [
        (dns_rules.SERVER_ANSWERS, "no answer within 0.6 s")
    ]
    assert all(gap.reproduce.startswith("dig @127.0.0.1 -p ") for gap in gaps)


# ── the balancer ──


def test_the_backends_may_name_themselves_or_be_named_by_their_address() -> None:
    """Both are known; the names are those that they give when they are asked directly."""
    with balancer.running_balancer(backends=3) as running:
        met = running.assess_rotation().figures["met"]
    assert set(met) == {"backend-0", "backend-1", "backend-2"}


def test_what_became_of_the_requests_is_in_the_evidence() -> None:
    with balancer.running_balancer() as running:
        facts = running.assess_failover().figures
    assert facts["lost"] == 0
    assert facts["requests while it was dead"] > 0
    assert 0 < facts["seconds until it answered"] <= facts["seconds until it was back in rotation"]


def test_a_balancer_that_is_dead_is_found_at_once() -> None:
    settings = BalancerSettings(
        url=f"http://127.0.0.1:{tls_fronts.closed_port()}",
        backends=("http://127.0.0.1:1",),
        instance_header="X-Instance",
    )
    assessment = LoadBalancerAssessments(settings, HTTP, CONTEXT).assess_rotation()
    ((rule, _),) = list_breaches(assessment)
    assert rule == balancer_rules.REQUESTS_ANSWERED
    assert "refused" in assessment.findings[0].actual


def test_a_log_that_is_late_is_waited_for() -> None:
    with balancer.running_balancer() as running:
        looks, right = [0], running.search_log
        assert right

        def late(marker: str) -> Any:
            looks[0] += 1
            return right(marker) if looks[0] > 3 else []

        running.search_log = late
        assert_passed(running.assess_client_address())
    assert looks[0] > 3


# ── Redis ──


@pytest.mark.skipif(bool(redis_server.MISSING), reason=redis_server.MISSING or "")
def test_no_password_is_in_what_is_said_or_raised(tmp_path: Path) -> None:
    with (
        redis_server.running_redis(redis_server.RedisServer(password=ANOTHER), tmp_path) as asked,
        pytest.raises(NotProven) as raised,
    ):
        assert_passed(asked.assess_availability())
    assert [gap.rule for gap in raised.value.gaps] == [redis_rules.ACCESS_GRANTED]
    assert ANOTHER not in str(raised.getrepr(showlocals=True, style="long"))


@pytest.mark.skipif(bool(redis_server.MISSING), reason=redis_server.MISSING or "")
@pytest.mark.parametrize(
    ("declared", "options", "good"),
    [
        ("any", {"appendonly": "no", "save": "60 1"}, True),
        ("rdb", {"appendonly": "no", "save": "60 1"}, True),
        ("none", {"appendonly": "no"}, True),
        ("any", {"appendonly": "no"}, False),
        ("none", {}, False),
    ],
)
def test_what_keeps_the_data_is_what_is_declared(
    declared: str, options: dict[str, str], good: bool, tmp_path: Path
) -> None:
    with redis_server.running_redis(
        redis_server.RedisServer(options, declared={"persistence": declared}), tmp_path
    ) as asked:
        assert bool(asked.assess_persistence().findings) is not good


@pytest.mark.skipif(bool(redis_server.MISSING), reason=redis_server.MISSING or "")
def test_redis_is_spoken_to_by_tls_and_its_certificate_is_looked_at(tmp_path: Path) -> None:
    root = IssuedCertificate("Root", authority=True)
    IssuedCertificate(CERTIFICATE_NAME, root).served(tmp_path)
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "stranger.pem").write_bytes(IssuedCertificate("Stranger", authority=True).pem)
    with redis_server.running_redis(
        redis_server.RedisServer(tls=tmp_path / "served.pem"), tmp_path
    ) as asked:
        trusting, doubting = (
            RedisAssessments(
                asked.settings,
                CONTEXT,
                password=redis_server.PASSWORD,
                ca_file=tmp_path / f"{name}.pem",
            )
            for name in ("root", "stranger")
        )
        assert_passed(trusting.assess_round_trip())
        ((_, _, actual),) = list_values(doubting.assess_availability())
        assert "CERTIFICATE_VERIFY_FAILED" in actual


def test_in_a_cluster_a_key_of_this_node_is_looked_for() -> None:
    class Node:
        """A node of a cluster that owns every third key, and none where `poor`."""

        asked = 0

        def __init__(self, *, poor: bool = False) -> None:
            self.poor = poor

        def set(self, key: str, *_rest: Any, **_more: Any) -> None:
            self.asked += 1
            if self.poor or self.asked % 3:
                raise MovedError(f"1234 127.0.0.1:{self.asked}")
            self.key = key

    node: Any = Node()
    assert write_probe_key(node, "value") == node.key
    with pytest.raises(SourceUnavailable, match="none of 200 keys belongs to this node"):
        write_probe_key(Node(poor=True), "value")  # type: ignore[arg-type]  # all of a client that is used


def test_the_password_is_learnt_before_anything_is_said() -> None:
    redactor = Redactor()
    RedisAssessments(
        RedisSettings(url="redis://a.example"), CONTEXT, password="word-of-redis", redactor=redactor
    )
    assert redactor.redact_text("word-of-redis") == "‹redis password›"


# ── settings ──

Made = Callable[..., object]


@pytest.mark.parametrize(
    ("table", "given", "says"),
    [
        (
            TlsSettings,
            {"endpoints": ["hospital.example.org"]},
            'write one such as "hospital.example.org:443"',
        ),
        (TlsSettings, {"redirects": ["https://a.example"]}, "is not an address in plain HTTP"),
        (TlsSettings, {"seconds": 6}, "less than or equal to 5"),
        (DnsSettings, {"records": {"a.example": []}}, "a.example has no addresses"),
        (
            DnsSettings,
            {"records": {"a.example": ["b.example"]}},
            "'b.example' is not an IP address",
        ),
        (DnsSettings, {"resolvers": ["ns.example:53"]}, "'ns.example' is not an IP address"),
        (BalancerSettings, {"backends": ["10.0.0.1:80"]}, "this is not a URL"),
        (
            BalancerSettings,
            {"url": "https://user:word@a.example"},
            "without user, password or query",
        ),
        (RedisSettings, {"url": "redis://:word@a.example"}, "without user and password"),
        (RedisSettings, {"url": "http://a.example"}, "this is not the URL of a Redis"),
    ],
)
def test_a_mistake_in_the_settings_is_told(
    table: type[TlsSettings], given: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says.replace("[", r"\[")):
        table.model_validate(given)


@pytest.mark.parametrize("server", ["10.0.0.53", "10.0.0.53:5353", "::1", "[::1]:5353"])
def test_name_servers_may_have_a_port(server: str) -> None:
    assert DnsSettings(resolvers=(server,)).resolvers == (server,)
