"""A cluster's metrics API: CPU and memory of the pods, exactly; and its token in nothing that
leaves.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from cutover_gates.config.base import SettingsError
from cutover_gates.config.resources import PodMetricsSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.load.resource_usage.resource_sources import KubernetesResourceSource
from cutover_gates.util.http import SourceUnavailable
from tests.standins.metrics_api import MetricsApiStandin, pod, running_metrics_api


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[MetricsApiStandin]:
    with running_metrics_api(tmp_path) as stand_in:
        stand_in.pods = [
            pod("a", ("250m", "128Mi"), ("12345678n", "1Mi"), at=stand_in.now),
            pod("b", ("1", "1Gi"), at=stand_in.now),
        ]
        yield stand_in


def settings(cluster: MetricsApiStandin, tmp_path: Path, **changed: str) -> PodMetricsSettings:
    """As the settings have it. The token's file holds the right one."""
    token = tmp_path / "token"
    token.write_text(f"{cluster.token}\n", encoding="utf-8")
    return PodMetricsSettings.model_validate(
        {
            "api": cluster.url,
            "namespace": "wards",
            "selector": "app=hospital",
            "token_file": str(token),
            "ca_file": cluster.ca_file,
            **changed,
        }
    )


def told(source: KubernetesResourceSource) -> str:
    """The sentence with which a look fails. No secret is anywhere in what was raised."""
    with pytest.raises(SourceUnavailable) as raised:
        source.take_sample()
    whole = "".join(
        traceback.TracebackException.from_exception(raised.value, capture_locals=True).format()
    )
    assert "t0ken" not in whole
    return str(raised.value)


def test_containers_and_pods_are_added_up(cluster: MetricsApiStandin, tmp_path: Path) -> None:
    look = KubernetesResourceSource(settings(cluster, tmp_path)).take_sample()
    assert look.cpu_cores == 1.262345678
    assert look.memory == 129 * 2**20 + 2**30
    assert (look.cpu_seconds, look.parts, look.over) == (None, 2, 15.2)
    assert "t0ken" not in repr(look)


def test_a_measurement_keeps_its_moment_and_the_clusters_clock_may_be_wrong(
    cluster: MetricsApiStandin, tmp_path: Path
) -> None:
    cluster.ahead = 3600
    cluster.pods = [pod("a", ("1", "1Gi"), at=cluster.now - timedelta(seconds=20))]
    source = KubernetesResourceSource(settings(cluster, tmp_path))
    first, second = source.take_sample(), source.take_sample()
    assert first.measurement_time("memory") == second.measurement_time("memory")
    assert second.at > first.at
    assert (
        abs(first.measurement_time("memory") - (time.time() - 20)) < 2.5
    )  # the clocks are compared by an HTTP date, to the second


def test_what_was_measured_long_ago_is_stale(cluster: MetricsApiStandin, tmp_path: Path) -> None:
    cluster.pods.append(pod("frozen", ("1", "1Gi"), at=cluster.now - timedelta(seconds=100)))
    look = KubernetesResourceSource(settings(cluster, tmp_path)).take_sample()
    assert (look.cpu_cores, look.memory) == (None, None)
    assert look.missing["memory"].endswith("at most 60 s allowed: the target is no longer measured")


# ── the token ──


def test_a_token_that_was_renewed_is_read_again(cluster: MetricsApiStandin, tmp_path: Path) -> None:
    source = KubernetesResourceSource(settings(cluster, tmp_path))
    source.take_sample()
    cluster.token = "t0ken-number-two"
    assert told(source).endswith("answered 401: is the token in token_file still valid?")
    (tmp_path / "token").write_text(cluster.token, encoding="utf-8")
    source.take_sample()


def test_the_token_is_made_known_to_what_masks_secrets(
    cluster: MetricsApiStandin, tmp_path: Path
) -> None:
    redactor = Redactor()
    KubernetesResourceSource(settings(cluster, tmp_path), redactor=redactor).take_sample()
    assert redactor.learned_secrets() == {cluster.token: "kubernetes token"}


@pytest.mark.parametrize(
    "content",
    [b"", b"t0ken of\nmany lines", b"t0ken\x00", "t0kén-with-an-accent".encode(), b"t0ken\xff"],
)
def test_what_is_no_token_is_neither_sent_nor_told(
    cluster: MetricsApiStandin, tmp_path: Path, content: bytes
) -> None:
    source = KubernetesResourceSource(settings(cluster, tmp_path))
    (tmp_path / "token").write_bytes(content)
    assert told(source).startswith(
        (
            f"{tmp_path / 'token'} holds no token",
            f"the token in {tmp_path / 'token'} cannot be read",
        )
    )
    assert cluster.asked == 0


def test_a_missing_token_is_told(cluster: MetricsApiStandin, tmp_path: Path) -> None:
    source = KubernetesResourceSource(
        settings(cluster, tmp_path, token_file=str(tmp_path / "none"))
    )
    assert told(source) == f"the token in {tmp_path / 'none'} cannot be read: FileNotFoundError"


def test_an_api_server_that_repeats_the_token_is_not_quoted(
    cluster: MetricsApiStandin, tmp_path: Path
) -> None:
    cluster.answer = (500, b'{"message": "what is t0ken-of-the-cluster?"}')
    assert told(KubernetesResourceSource(settings(cluster, tmp_path))).endswith(
        "answered 500: what is ‹kubernetes token›?"
    )


def test_a_token_is_only_sent_to_who_is_trusted(cluster: MetricsApiStandin, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    assert "certificate verify failed" in told(
        KubernetesResourceSource(settings(cluster, tmp_path, ca_file=str(other)))
    )
    assert cluster.asked == 0


def test_a_token_is_never_sent_unencrypted(cluster: MetricsApiStandin, tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"^performance\.resources\.kubernetes\.api must begin with https"
    ):
        KubernetesResourceSource(settings(cluster, tmp_path, api="http://127.0.0.1:8001"))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_used_is_told(
    cluster: MetricsApiStandin, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "given.pem"
    if content:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"kubernetes\.ca_file = .* cannot be used: "):
        KubernetesResourceSource(settings(cluster, tmp_path, ca_file=str(file)))


# ── what an API server may say ──


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            (403, b'{"message": "forbidden"}'),
            "answered 403: the token may not list pods of metrics.k8s.io in this namespace",
        ),
        ((404, b"404 page not found"), "answered 404: does a metrics-server run in the cluster?"),
        ((503, b"busy"), "answered 503: no reason"),
        ((200, b"<html>"), "gave an answer that is no list of pod metrics"),
        (
            (200, b'{"items": [{"timestamp": "yesterday"}]}'),
            "gave an answer that is no list of pod metrics",
        ),
        (
            (
                200,
                (
                    b'{"items": [{"timestamp": "2026-11-24T02:00:00Z", "window": "15s",'
                    b' "containers": [{"usage": {"cpu": "much", "memory": "1Gi"}}]}]}'
                ),
            ),
            "gave an answer that is no list of pod metrics",
        ),
    ],
)
def test_an_answer_without_figures_is_told(
    cluster: MetricsApiStandin, tmp_path: Path, answer: tuple[int, bytes], why: str
) -> None:
    cluster.answer = answer
    assert told(KubernetesResourceSource(settings(cluster, tmp_path))).endswith(why)


def test_no_pods_are_not_zero(cluster: MetricsApiStandin, tmp_path: Path) -> None:
    said = told(KubernetesResourceSource(settings(cluster, tmp_path, selector="app=other")))
    assert said.endswith(
        "knows no pod with 'app=other'; see performance.resources.kubernetes.selector"
    )
