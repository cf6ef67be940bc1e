"""The headers of one answer: what they tell, where they lead, who may keep them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cutover_gates.config.headers import Headers
from cutover_gates.core.findings import Rule
from cutover_gates.hospital import ObservedAnswer
from cutover_gates.probes.api.headers import rules
from cutover_gates.probes.api.headers.header_judgement import HeaderJudge

BASE = "https://hospital.example.org"
JSON = {"content-type": "application/json"}
PRIVATE = {"cache-control": "no-store"}


def judge(
    headers: Mapping[str, str], content: bytes = b"", settings: Headers | None = None, **asked: str
) -> set[Rule]:
    answer = ObservedAnswer(
        asked.get("method", "GET"),
        "/api/patients",
        int(asked.get("status", "200")),
        headers,
        content,
        asked.get("token", ""),
    )
    found = HeaderJudge(asked.get("base", BASE), settings or Headers()).judge(answer)
    return {finding.rule for finding in found}


TOLD = {
    "an address of the inside": {"x-upstream": "10.4.7.21:8080"},
    "another private block": {"via": "1.1 172.20.3.4"},
    "the machine itself": {"x-backend": "http://127.0.0.1:9000"},
    "a local IPv6 address": {"x-upstream": "fd12:3456:789a::1"},
    "a name of the inside": {"x-server": "app-1.hospital.internal"},
    "a service of a cluster": {"x-served-for": "backend.default.svc.cluster.local"},
    "a pod": {"x-instance": "hospital-backend-6d4cf56db6-x7k2p"},
    "a cloud host": {"x-amz-host": "ip-10-0-3-17"},
    "localhost": {"x-db": "localhost:5432"},
}
SOFTWARE = {
    "a server with its version": {"server": "nginx/1.18.0"},
    "a framework": {"x-powered-by": "Express"},
    "a proxy with its version": {"via": "1.1 varnish/6.0.8"},
    "a stack": {"x-stack": "Spring-Boot/3.2.1"},
}
NOTHING = {
    "a public server": {"server": "nginx"},
    "a protocol": {"via": "HTTP/1.1 edge"},
    "a request id": {"x-request-id": "550e8400-e29b-41d4-a716-446655440000"},
    "a trace": {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
    "a public address": {"x-client": "203.0.113.7"},
    "a strict policy": {"content-security-policy": "default-src 'none'"},
    "an ETag": {"etag": '"10.0.0.1"'},
    "a life in seconds": {"strict-transport-security": "max-age=31536000; includeSubDomains"},
}


@pytest.mark.parametrize("headers", TOLD.values(), ids=TOLD)
def test_a_header_that_names_the_inside_is_a_finding(headers: dict[str, str]) -> None:
    assert judge(headers) == {rules.INTERNAL_ADDRESS}


@pytest.mark.parametrize("headers", SOFTWARE.values(), ids=SOFTWARE)
def test_a_header_that_names_software_is_a_finding(headers: dict[str, str]) -> None:
    assert judge(headers) == {rules.SOFTWARE_TOLD}


@pytest.mark.parametrize("headers", NOTHING.values(), ids=NOTHING)
def test_an_ordinary_header_is_no_finding(headers: dict[str, str]) -> None:
    assert judge(headers) == set()


def test_the_settings_name_domains_of_the_inside_and_headers_that_are_not_judged() -> None:
    inside = Headers(internal_domains=("clinic.example.net",))
    assert judge({"x-host": "db.clinic.example.net"}, settings=inside) == {rules.INTERNAL_ADDRESS}
    hidden = Headers(not_judged={"server": "the appliance cannot hide it"})
    assert judge({"server": "nginx/1.18.0"}, settings=hidden) == set()


def test_the_target_may_name_its_own_address_though_it_is_private() -> None:
    base = "http://10.0.0.5:8080"
    assert judge({"location": f"{base}/api/patients/1"}, base=base) == set()
    assert judge({"x-db": "10.0.0.5:5432"}, base=base) == {rules.INTERNAL_ADDRESS}


LINKS = {
    "a redirect to another host": {"location": "https://old.example.org/login"},
    "the same host without TLS": {"location": "http://hospital.example.org/api"},
    "another port": {"location": f"{BASE}:8443/api"},
    "no scheme": {"location": "//old.example.org/login"},
    "a page's link": {"link": '<https://old.example.org/?page=2>; rel="next"'},
    "a host that only begins like it": {"location": f"{BASE}.evil.example/"},
}


@pytest.mark.parametrize("headers", LINKS.values(), ids=LINKS)
def test_a_link_to_another_origin_is_a_finding(headers: dict[str, str]) -> None:
    assert judge(headers) == {rules.LINK_ON_ORIGIN}


def test_a_link_in_a_body_leads_to_the_target_or_to_a_declared_origin() -> None:
    headers, body = {**JSON, **PRIVATE}, b'{"next": "https:\\/\\/files.example.org\\/2"}'
    assert judge(headers, body, token="authorization") == {rules.LINK_ON_ORIGIN}
    declared = Headers(link_origins=("https://files.example.org",))
    assert judge(headers, body, declared, token="authorization") == set()
    inside = b'{"image": "http://minio.internal:9000/x"}'
    assert judge(headers, inside, token="authorization") == {rules.INTERNAL_ADDRESS}
    store = b'{"put_here": "http://10.0.0.5:9000/x"}'
    assert judge(headers, store, token="authorization", base="http://10.0.0.5:8080") == set()
    bundle = b'{"link": [{"relation": "next", "url": "https://old.example.org/fhir?p=2"}]}'
    assert judge(headers, bundle, token="authorization") == {rules.LINK_ON_ORIGIN}
    extension = b'{"extension": [{"url": "http://hl7.org/fhir/x"}], "fullUrl": "urn:uuid:1"}'
    assert judge(headers, extension, token="authorization") == set()


@pytest.mark.parametrize(
    "location", ["/api/patients/1", f"{BASE}/api", "https://hospital.example.org:443/x", "x?u=//y"]
)
def test_a_link_to_the_target_is_no_finding(location: str) -> None:
    assert judge({"location": location}) == set()


KEPT = {
    "public": {"cache-control": "public, max-age=60"},
    "a life": {"cache-control": "max-age=60"},
    "a life behind zeros": {"cache-control": f"max-age={'0' * 5000}60"},
    "a life of many digits": {"cache-control": f"max-age={'9' * 5000}"},
    "a shared life": {"cache-control": "private, s-maxage=60"},
    "an end": {"expires": "Fri, 01 Jan 2100 00:00:00 GMT"},
    "a network's own header": {"cdn-cache-control": "max-age=60", "cache-control": "private"},
}
NOT_KEPT = {
    "not stored": {"cache-control": "no-store"},
    "not stored, whatever else": {"cache-control": "no-store, public", "expires": "0"},
    "private": {"cache-control": "private, max-age=60"},
    "asked again": {"cache-control": "no-cache", "expires": "Fri, 01 Jan 2100 00:00:00 GMT"},
    "over": {"expires": "0"},
    "over at once": {"cache-control": "max-age=0"},
    "nothing said, and the token where caches look": {"last-modified": "x"},
}


@pytest.mark.parametrize("headers", KEPT.values(), ids=KEPT)
def test_a_private_answer_that_a_shared_cache_may_keep_is_a_finding(
    headers: dict[str, str],
) -> None:
    assert judge(headers, token="authorization") == {rules.NOT_SHARED}
    assert judge(headers) == set()
    assert judge(headers, token="authorization", method="POST") == set()


@pytest.mark.parametrize("headers", NOT_KEPT.values(), ids=NOT_KEPT)
def test_a_private_answer_that_no_cache_may_share_is_no_finding(headers: dict[str, str]) -> None:
    assert judge(headers, token="authorization") == set()


def test_a_cache_does_not_know_a_token_of_another_header() -> None:
    dated = {"last-modified": "Fri, 20 Nov 2026 00:00:00 GMT"}
    assert judge(dated, token="x-session") == {rules.NOT_SHARED}


def test_a_body_has_a_type_and_json_is_no_page() -> None:
    assert judge({}, b"x") == {rules.TYPE_TOLD}
    assert judge({"content-type": "text/html"}, b'{"detail": "<b>"}') == {rules.TYPE_TOLD}
    assert judge({"content-type": "text/html"}, b"<p>no</p>") == set()
    assert judge({}) == set()


@pytest.mark.parametrize("origin", ["*", "null"])
def test_no_answer_allows_everybody_with_credentials(origin: str) -> None:
    allowed = {"access-control-allow-origin": origin}
    assert judge(allowed) == set()
    both = {**allowed, "access-control-allow-credentials": "true"}
    assert judge(both) == {rules.CREDENTIALS_KEPT}


HOSTILE = (
    *(
        "http://[",
        "//[::1",
        "http://a:port/",
        "http://a:99999/",
        "https://[fe80::1%25]/",
        "//",
        "\x00",
    ),
    *(
        "max-age=" + "9" * 5000,
        "max-age=²",
        "s-maxage=-1",
        "=,=;=",
        "Thu, 99 Foo 99999 99:99:99 GMT",
    ),
    *("Wed, 21 Oct 9999 07:28:00 +9999", "Wed, 21 Oct 2015 07:28:00 -0000", "<http://[>; rel=next"),
)
READ = (
    *("location", "content-location", "refresh", "link", "cache-control", "expires", "pragma"),
    *(
        "server",
        "via",
        "content-type",
        "access-control-allow-origin",
        "last-modified",
        "etag",
        "x-a",
    ),
)


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
@pytest.mark.parametrize("name", READ)
def test_no_header_of_a_hostile_target_breaks_the_judgement(name: str, value: str) -> None:
    """It is made of every answer: an error would be told as one of the check."""
    body = f'{{"next": "{value}", "self": "http://{value}/"}}'.encode()
    headers = JSON | {name: value}
    judge(headers, body, token="authorization")
    judge({name: f"url={value}"}, body, token="x-session", status="302")


def test_a_location_that_is_no_address_leads_nowhere() -> None:
    assert rules.LINK_ON_ORIGIN in judge({"location": "http://["}, status="302")
