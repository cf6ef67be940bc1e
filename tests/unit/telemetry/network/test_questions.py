"""What the questions say where nothing is declared, nothing answers, or nothing may be done; and
what they must not say.
"""

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

from cutover.evidence import NotProven, Redactor
from cutover.hospital import NotOffered
from cutover.matchers import sound
from cutover.settings import SettingsError
from cutover.settings.network import Balancer as BalancerSettings
from cutover.settings.network import Dns as DnsSettings
from cutover.settings.network import Redis as RedisSettings
from cutover.settings.network import Tls as TlsSettings
from cutover.telemetry import TelemetrySilent
from cutover.telemetry.network import Balancer, Context, Dns, Redis, Tls
from cutover.telemetry.network.lookups import lead
from cutover.telemetry.network.redis import write
from tests.faults.network import balancing, fronts, name_servers, redises
from tests.faults.network.name_servers import NAME, NEW, Server
from tests.faults.network.papers import NAME as NAME_OF_PAPERS
from tests.faults.network.papers import Paper

CONTEXT = Context("staging")
HTTP = "http://staging.example"
ANOTHER = "correct-horse-stable"

# ── what is not declared ──

UNDECLARED: Mapping[str, tuple[object, tuple[str, ...]]] = {
    "tls-certificates": (
        Tls(TlsSettings(), HTTP, CONTEXT),
        ("chains", "names", "days_left", "protocols", "ciphers", "redirects", "hsts"),
    ),
    "dns-records": (Dns(DnsSettings(), CONTEXT), ("addresses", "agreement", "times_to_live")),
    "load-balancer": (
        Balancer(BalancerSettings(), HTTP, CONTEXT),
        ("backends", "rotation", "failover"),
    ),
    "redis-cluster": (
        Redis(RedisSettings(), CONTEXT),
        ("answers", "policy", "memory", "persistence", "round_trip"),
    ),
}


@pytest.mark.parametrize(
    ("item", "question"),
    [(item, question) for item, (_, questions) in UNDECLARED.items() for question in questions],
)
def test_what_is_not_declared_is_not_proven_and_says_what_to_write(
    item: str, question: str
) -> None:
    """The table and the key, and how to say that there is none. Nothing is asked."""
    with pytest.raises(NotProven) as said:
        sound(getattr(UNDECLARED[item][0], question)())
    assert "in [targets.staging.infrastructure." in str(said.value)
    assert f'[targets.staging.not_applicable] why there is none: {item} = "…"' in str(said.value)


@pytest.mark.parametrize(
    ("question", "key"), [("failover", "balancer-failover"), ("client_address", "client-address")]
)
def test_what_is_declared_unsupported_is_not_offered(question: str, key: str) -> None:
    declared = Context("staging", {key: "tried on staging"})
    with pytest.raises(NotOffered, match=f"{key} is not offered by this target: tried on staging"):
        getattr(Balancer(BalancerSettings(), HTTP, declared), question)()


def test_no_backend_dies_on_production(tmp_path: Path) -> None:
    killed = tmp_path / "killed"
    settings = BalancerSettings(
        backends=("http://a.example", "http://b.example"),
        instance_header="X-Instance",
        kill=("touch", str(killed)),
    )
    with pytest.raises(NotProven, match="no backend is made to die on production"):
        sound(Balancer(settings, HTTP, CONTEXT, production=True).failover())
    assert not killed.exists()


# ── TLS ──


def test_the_targets_own_url_is_the_endpoint_where_it_is_https() -> None:
    assert [
        str(endpoint)
        for endpoint in Tls(TlsSettings(), "https://staging.example", CONTEXT).endpoints
    ] == ["staging.example:443"]
    assert [
        str(endpoint)
        for endpoint in Tls(TlsSettings(endpoints=("[::1]:8443",)), HTTP, CONTEXT).endpoints
    ] == ["[::1]:8443"]


def test_an_authority_that_cannot_be_read_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ca_file = "):
        Tls(TlsSettings(), HTTP, CONTEXT, tmp_path / "none.pem")


def test_a_name_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    front = fronts.whole(tmp_path)
    front.declared = {"endpoints": ("nobody.invalid:443",)}
    with (
        fronts.standing(front, tmp_path) as tls,
        pytest.raises(
            AssertionError, match=r"nobody\.invalid:443: nobody gets in here: the name leads no"
        ),
    ):
        sound(tls.chains())


def test_where_nobody_answers_only_one_question_finds_it(tmp_path: Path) -> None:
    """The others do not know."""
    front = fronts.whole(tmp_path)
    front.answers = False
    with fronts.standing(front, tmp_path) as tls:
        assert tls.chains().findings
        for question in (tls.names, tls.days_left, tls.protocols, tls.ciphers, tls.hsts):
            assert (question().findings, question().examined) == ((), ())
            assert question().unproven


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
    """What is of today takes the good offer in its way, so that its refusals count; what is of old
    is found out all the same.
    """
    front = fronts.whole(tmp_path)
    assert front.context
    front.context.set_ciphers("ALL:@SECLEVEL=0" if old else "DEFAULT")
    with warnings.catch_warnings(action="ignore"):  # that it is old is what is tried
        front.context.minimum_version = front.context.maximum_version = only
    with fronts.standing(front, tmp_path) as tls:
        found = tls.protocols()
        assert {
            sentence.partition(" when ")[0].rpartition("speaks ")[2] for sentence in found.findings
        } == old
        assert (len(found.examined), len(found.unproven)) == ((2, 1) if old else (3, 0))
        assert old or not tls.ciphers().findings


def test_ten_dead_endpoints_cost_no_more_than_one() -> None:
    with socket.create_server(("0.0.0.0", 0), backlog=50) as silent:
        settings = TlsSettings(
            endpoints=tuple(
                f"127.0.0.{number}:{silent.getsockname()[1]}" for number in range(1, 11)
            ),
            seconds=0.4,
        )
        begun = time.monotonic()
        examination = Tls(settings, HTTP, CONTEXT).chains()
    assert len(examination.findings) == 10
    assert time.monotonic() - begun < 2


def test_a_refusal_counts_only_where_a_good_offer_is_taken(tmp_path: Path) -> None:
    """Whatever hangs up on everybody refuses TLS 1.0, too."""
    front = fronts.whole(tmp_path)
    assert front.context
    front.context.set_ciphers("ADH-AES128-SHA256:@SECLEVEL=0")
    front.context.maximum_version = front.context.minimum_version
    with (
        fronts.standing(front, tmp_path) as tls,
        pytest.raises(NotProven, match="its refusals prove nothing"),
    ):
        sound(tls.protocols())


def test_a_plain_port_that_is_shut_is_right_where_it_is_declared(tmp_path: Path) -> None:
    front = fronts.whole(tmp_path)
    front.declared = {"redirects": (f"http://127.0.0.1:{fronts.closed_port()}/",)}
    with fronts.standing(front, tmp_path) as tls:
        with pytest.raises(AssertionError, match='plain-http = "…"'):
            sound(tls.redirects())
        tls.context = Context("staging", {"plain-http": "shut on purpose"})
        sound(tls.redirects())


def test_a_redirect_to_where_nobody_looks_is_not_proven(tmp_path: Path) -> None:
    front = fronts.whole(tmp_path)
    with (
        fronts.standing(front, tmp_path) as tls,
        fronts.serving(None, 308, {"Location": "https://elsewhere.example/?token=x"}) as port,
    ):
        tls.settings = tls.settings.model_copy(update={"redirects": (f"http://127.0.0.1:{port}/",)})
        with pytest.raises(
            NotProven,
            match=(
                r"leads to https://elsewhere\.example/, and nobody looks at the certificate there"
            ),
        ):
            sound(tls.redirects())


# ── DNS ──


def test_an_answer_that_is_too_long_for_udp_comes_over_tcp() -> None:
    with name_servers.standing(Server(long=True)) as dns:
        sound(dns.addresses())


def test_an_alias_is_followed_in_one_answer_and_over_several() -> None:
    alias = {
        NAME: (("CNAME", "front.example.org"),),
        "front.example.org": (("A", NEW), ("AAAA", "2001:db8::1")),
    }
    with name_servers.standing(Server(zone=alias), records={NAME: (NEW, "2001:DB8:0::1")}) as dns:
        sound(dns.addresses())
        led = lead(dns.settings.resolvers[0], NAME, "A", 1)
        assert (led.addresses, led.ttls) == (
            {NEW},
            {f"{NAME} CNAME": 60, "front.example.org A": 60},
        )
        sound(dns.times_to_live())


def test_a_ring_of_aliases_ends() -> None:
    ring = {
        NAME: (("CNAME", "a.example.org"),),
        "a.example.org": (("CNAME", "b.example.org"),),
        "b.example.org": (("CNAME", "c.example.org"),),
    }
    with (
        name_servers.standing(Server(zone=ring)) as dns,
        pytest.raises(AssertionError, match="NXDOMAIN"),
    ):
        sound(dns.addresses())


def test_dead_resolvers_cost_no_more_than_one() -> None:
    begun = time.monotonic()
    with (
        name_servers.standing(Server(), *(Server(silent=True) for _ in range(10))) as dns,
        pytest.raises(NotProven) as said,
    ):
        sound(dns.addresses())
    assert time.monotonic() - begun < 2.5
    assert str(said.value).count("no answer within 0.6 s. dig @127.0.0.1 -p ") == 10


# ── the balancer ──


def test_the_backends_may_name_themselves_or_be_named_by_their_address() -> None:
    """Both are known; the names are those that they give when asked directly."""
    with balancing.standing(backends=3) as balancer:
        met = balancer.rotation().facts["met"]
    assert set(met) == {"backend-0", "backend-1", "backend-2"}


def test_what_became_of_the_requests_is_in_the_evidence() -> None:
    with balancing.standing() as balancer:
        facts = balancer.failover().facts
    assert facts["lost"] == 0
    assert facts["requests while it was dead"] > 0
    assert 0 < facts["seconds until it answered"] <= facts["seconds until it was back in rotation"]


def test_a_balancer_that_is_dead_is_found_at_once() -> None:
    settings = BalancerSettings(
        url=f"http://127.0.0.1:{fronts.closed_port()}",
        backends=("http://127.0.0.1:1",),
        instance_header="X-Instance",
    )
    with pytest.raises(AssertionError, match="refused"):
        sound(Balancer(settings, HTTP, CONTEXT).rotation())


def test_a_log_that_is_late_is_waited_for() -> None:
    with balancing.standing() as balancer:
        looks, right = [0], balancer.logged
        assert right

        def late(marker: str) -> Any:
            looks[0] += 1
            return right(marker) if looks[0] > 3 else []

        balancer.logged = late
        sound(balancer.client_address())
    assert looks[0] > 3


# ── Redis ──


@pytest.mark.skipif(bool(redises.MISSING), reason=redises.MISSING or "")
def test_no_password_is_in_what_is_said_or_raised(tmp_path: Path) -> None:
    with (
        redises.standing(redises.Server(password=ANOTHER), tmp_path) as asked,
        pytest.raises(NotProven) as said,
    ):
        sound(asked.answers())
    assert "does not let us in" in str(said.value)
    assert ANOTHER not in str(said.getrepr(showlocals=True, style="long"))


@pytest.mark.skipif(bool(redises.MISSING), reason=redises.MISSING or "")
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
    with redises.standing(
        redises.Server(options, declared={"persistence": declared}), tmp_path
    ) as asked:
        assert bool(asked.persistence().findings) is not good


@pytest.mark.skipif(bool(redises.MISSING), reason=redises.MISSING or "")
def test_redis_is_spoken_to_by_tls_and_its_certificate_is_looked_at(tmp_path: Path) -> None:
    root = Paper("Root", authority=True)
    Paper(NAME_OF_PAPERS, root).served(tmp_path)
    (tmp_path / "root.pem").write_bytes(root.pem)
    (tmp_path / "stranger.pem").write_bytes(Paper("Stranger", authority=True).pem)
    with redises.standing(redises.Server(tls=tmp_path / "served.pem"), tmp_path) as asked:
        trusting, doubting = (
            Redis(
                asked.settings, CONTEXT, password=redises.PASSWORD, ca_file=tmp_path / f"{name}.pem"
            )
            for name in ("root", "stranger")
        )
        sound(trusting.round_trip())
        with pytest.raises(AssertionError, match="CERTIFICATE_VERIFY_FAILED"):
            sound(doubting.answers())


def test_in_a_cluster_a_key_of_this_node_is_looked_for() -> None:
    class Node:
        """Every third key is its own; and none where `poor`."""

        asked = 0

        def __init__(self, *, poor: bool = False) -> None:
            self.poor = poor

        def set(self, key: str, *_rest: Any, **_more: Any) -> None:
            self.asked += 1
            if self.poor or self.asked % 3:
                raise MovedError(f"1234 127.0.0.1:{self.asked}")
            self.key = key

    node: Any = Node()
    assert write(node, "value") == node.key
    with pytest.raises(TelemetrySilent, match="none of 200 keys belongs to this node"):
        write(Node(poor=True), "value")  # type: ignore[arg-type]  # all of a client that is used


def test_the_password_is_learnt_before_anything_is_said() -> None:
    redactor = Redactor()
    Redis(
        RedisSettings(url="redis://a.example"), CONTEXT, password="word-of-redis", redactor=redactor
    )
    assert redactor.text("word-of-redis") == "‹redis password›"


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
        (TlsSettings, {"redirects": ["https://a.example"]}, "is no address in plain HTTP"),
        (TlsSettings, {"seconds": 6}, "less than or equal to 5"),
        (DnsSettings, {"records": {"a.example": []}}, "a.example leads nowhere"),
        (DnsSettings, {"records": {"a.example": ["b.example"]}}, "'b.example' is no address"),
        (DnsSettings, {"resolvers": ["ns.example:53"]}, "'ns.example' is no address"),
        (BalancerSettings, {"backends": ["10.0.0.1:80"]}, "that is no address"),
        (
            BalancerSettings,
            {"url": "https://user:word@a.example"},
            "without user, password or query",
        ),
        (RedisSettings, {"url": "redis://:word@a.example"}, "without user and password"),
        (RedisSettings, {"url": "http://a.example"}, "that is no address of a Redis"),
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
