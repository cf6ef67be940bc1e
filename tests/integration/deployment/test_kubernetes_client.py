"""The state of a deployment: bounded in time, a reason for each failure, and no token anywhere."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.deployment.deployment_context import ObjectNotFound
from cutover_gates.probes.deployment.kubernetes import rules
from cutover_gates.probes.deployment.kubernetes.client import DeploymentClient, load_client
from cutover_gates.util.http import SourceUnavailable
from tests.calibration import scale_seconds
from tests.faults.deployment.deployment_environment import DeploymentEnvironment
from tests.standins.deployment_objects import NAME, NAMESPACE

PARTS = ("deployment", "pods", "replica_sets", "budgets", "releases")


def api(
    environment: DeploymentEnvironment,
    *,
    seconds: float = 5.0,
    redactor: Redactor | None = None,
    **changed: Any,
) -> DeploymentClient:
    settings = ClusterSettings.model_validate({**environment.settings({})["cluster"], **changed})
    return DeploymentClient(
        settings, settings.ca_file, settings.token_file, redactor or Redactor(), seconds
    )


def told(source: DeploymentClient, part: str = "deployment") -> str:
    """Return the reason why a part fails. No secret is anywhere in what was raised."""
    with pytest.raises(SourceUnavailable) as raised:
        source.load_state().get_part(part)
    whole = "".join(
        traceback.TracebackException.from_exception(raised.value, capture_locals=True).format()
    )
    assert "t0ken" not in whole
    return str(raised.value)


def test_everything_is_seen_in_one_look(environment: DeploymentEnvironment) -> None:
    environment.write_pipeline_files()
    look = api(environment).load_state()
    assert look.get_part("deployment").status.available_replicas == 3
    assert {part: len(look.get_part(part)) for part in PARTS[1:]} == {
        "pods": 3,
        "replica_sets": 2,
        "budgets": 1,
        "releases": 2,
    }


def test_without_helm_no_secret_is_asked_for(environment: DeploymentEnvironment) -> None:
    api(environment, helm_release=None).load_state()
    assert not [path for path in environment.kubernetes.asked if "secrets" in path]


def test_a_deployment_that_is_not_there_is_no_silence(environment: DeploymentEnvironment) -> None:
    look = api(environment, deployment="another").load_state()
    for part in PARTS:
        with pytest.raises(ObjectNotFound) as raised:
            look.get_part(part)
        finding = raised.value.finding
        assert (finding.rule, finding.subject) == (rules.DEPLOYMENT_EXISTS, "another")
        assert NAMESPACE in finding.expected


# ── the token ──


def test_a_token_that_was_renewed_is_read_again(
    environment: DeploymentEnvironment, tmp_path: Path
) -> None:
    source = api(environment)
    environment.kubernetes.token = "t0ken-number-two"
    assert told(source).endswith(
        "answered 401 for deployment: is the token in token_file still valid?"
    )
    (tmp_path / "token").write_text(environment.kubernetes.token, encoding="utf-8")
    source.load_state().get_part("pods")


def test_the_token_is_made_known_to_what_masks_secrets(environment: DeploymentEnvironment) -> None:
    redactor = Redactor()
    api(environment, redactor=redactor).load_state()
    assert redactor.learned_secrets() == {environment.kubernetes.token: "kubernetes token"}


@pytest.mark.parametrize(
    "content",
    [b"", b"t0ken of\nmany lines", b"t0ken\x00", "t0kén-with-an-accent".encode(), b"t0ken\xff"],
)
def test_what_is_no_token_is_neither_sent_nor_told(
    environment: DeploymentEnvironment, tmp_path: Path, content: bytes
) -> None:
    source = api(environment)
    (tmp_path / "token").write_bytes(content)
    assert told(source).startswith(
        (
            f"{tmp_path / 'token'} holds no token",
            f"the token in {tmp_path / 'token'} cannot be read",
        )
    )
    assert environment.kubernetes.asked == []


def test_a_token_is_only_sent_to_who_is_trusted(
    environment: DeploymentEnvironment, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    assert "certificate verify failed" in told(api(environment, ca_file=str(other))).lower()
    assert environment.kubernetes.asked == []


# ── what cannot be had ──


def test_what_the_token_may_not_read_is_named_and_the_rest_is_seen(
    environment: DeploymentEnvironment,
) -> None:
    environment.kubernetes.forbidden = frozenset({"replicasets"})
    source = api(environment)
    assert told(source, "replica_sets").endswith(
        "answered 403 for replica sets: the token may not read them"
    )
    assert len(source.load_state().get_part("pods")) == 3


@pytest.mark.parametrize(
    ("half", "said"),
    [({"spec": {}}, "containers"), ({"spec": {"containers": []}}, "one of them has no status")],
)
def test_an_answer_that_is_no_such_object_is_told(
    environment: DeploymentEnvironment, half: dict[str, Any], said: str
) -> None:
    environment.kubernetes.objects["pods"] = [
        {"metadata": {"name": "half", "namespace": NAMESPACE, "labels": {"app": NAME}}, **half}
    ]
    sentence = told(api(environment), "pods")
    assert sentence.startswith(f"{environment.kubernetes.url} cannot be asked for pods: ")
    assert said in sentence


@contextmanager
def silent() -> Iterator[str]:
    """Yield the URL of a server that accepts connections and sends nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        kept: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    kept.append(listening.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in kept:
                connection.close()


def test_one_that_never_answers_costs_one_bound(environment: DeploymentEnvironment) -> None:
    """For all parts together."""
    load_client()
    with silent() as address:
        began = time.monotonic()
        look = api(environment, api=address, seconds=0.5).load_state()
        assert time.monotonic() - began < scale_seconds(1.5, most=1.9)
    for part in PARTS:
        with pytest.raises(SourceUnavailable, match=r"no complete answer|cannot be asked"):
            look.get_part(part)


# ── the stand-in itself ──


@pytest.mark.skipif(
    shutil.which("kubectl") is None,
    reason="kubectl is not installed, so that it cannot read from the stand-in",
)
def test_kubectl_can_read_from_the_stand_in(
    environment: DeploymentEnvironment, tmp_path: Path
) -> None:
    """What is proven against it is proven against something that kubectl accepts as a cluster."""
    command = [
        str(shutil.which("kubectl")),
        f"--server={environment.kubernetes.url}",
        f"--certificate-authority={environment.kubernetes.ca_file}",
        f"--token={environment.kubernetes.token}",
        f"--cache-dir={tmp_path / 'cache'}",
        f"--namespace={NAMESPACE}",
    ]
    listed = subprocess.run(
        [*command, "get", "deploy,pods,rs,pdb", "-o", "name"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "none")},
    )
    assert listed.stdout.split() == [
        f"deployment.apps/{NAME}",
        *(f"pod/{NAME}-{number}" for number in range(3)),
        f"replicaset.apps/{NAME}-r7",
        f"replicaset.apps/{NAME}-r6",
        f"poddisruptionbudget.policy/{NAME}",
    ], listed.stderr
