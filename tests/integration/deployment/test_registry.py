"""How a registry lets clients in, and what is requested of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cutover_gates.config.infrastructure import Infrastructure
from tests.faults.deployment.deployment_environment import DeploymentEnvironment
from tests.standins.https_server import Authority, authority
from tests.standins.oci_registry import OciRegistry, oci_registry

NOW = "test_the_image_under_judgement_can_be_pulled"


def test_a_token_is_asked_for_once_a_question(environment: DeploymentEnvironment) -> None:
    """The password is never sent where a token does."""
    assert environment.run_checks({}, "registry")[NOW].word == "passed"
    asked = [
        (path, authorization.partition(" ")[0])
        for path, authorization in environment.registry.authorizations
    ]
    assert asked[:3] == [
        (f"/v2/hospital/backend/manifests/{environment.digest}", ""),
        ("/token", "Basic"),
        (f"/v2/hospital/backend/manifests/{environment.digest}", "Bearer"),
    ]
    assert {scheme for path, scheme in asked[3:6]} == {"Bearer"}
    assert len([path for path, _ in asked if path == "/token"]) == 2  # one for each image


def test_a_registry_may_want_the_password_itself(environment: DeploymentEnvironment) -> None:
    environment.registry.wants = "basic"
    assert environment.run_checks({}, "registry")[NOW].word == "passed"


def test_a_registry_may_let_everybody_in(environment: DeploymentEnvironment) -> None:
    environment.registry.wants = "nothing"
    assert (
        environment.run_checks({"registry": {"username": None}}, "registry")[NOW].word == "passed"
    )
    assert {authorization for _, authorization in environment.registry.authorizations} == {""}


def test_an_image_for_several_platforms_is_looked_at_for_ours(
    environment: DeploymentEnvironment,
) -> None:
    other = environment.registry.push("2.0.0 for another processor")
    for layer in environment.registry.layers_of(other):
        del environment.registry.blobs[layer]  # nobody here will pull it
    environment.digest = environment.registry.push_index(arm64=other, amd64=environment.digest)
    assert environment.run_checks({}, "registry")[NOW].word == "passed"
    assert (
        environment.run_checks({"registry": {"platform": "linux/arm64"}}, "registry")[NOW].word
        == "failed"
    )


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("store"))


@contextmanager
def stores(
    environment: DeploymentEnvironment, signed: Authority, folder: Path
) -> Iterator[OciRegistry]:
    """Yield a blob store at another address, to which the registry redirects; both are trusted."""
    with oci_registry(signed) as store:
        store.blobs, environment.registry.store = environment.registry.blobs, store.url
        both = folder / "both.pem"
        both.write_text(Path(environment.registry.ca_file).read_text() + signed.ca_file.read_text())
        environment.registry.ca_file = str(both)
        yield store


def test_who_is_sent_on_to_a_store_takes_no_token_along(
    environment: DeploymentEnvironment, signed: Authority, tmp_path: Path
) -> None:
    """The store belongs to somebody else."""
    trusted = environment.registry.ca_file
    with stores(environment, signed, tmp_path) as store:
        assert environment.run_checks({}, "registry")[NOW].word == "passed"
        assert len(store.authorizations) == 7
        assert {authorization for _, authorization in store.authorizations} == {""}
    environment.registry.ca_file = trusted


def test_a_password_is_sent_to_no_realm_without_tls(
    environment: DeploymentEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        OciRegistry,
        "_challenge",
        lambda _self: 'Bearer realm="http://127.0.0.1:1/token",service="stand-in"',
    )
    outcome = environment.run_checks({}, "registry")[NOW]
    assert (outcome.word, "not known or not safe" in outcome.why) == ("not proven", True)
    assert {authorization for _, authorization in environment.registry.authorizations} == {""}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"url": "registry.example.org"}, "is not a URL"),
        (
            {"url": "http://registry.example.org", "username": "puller"},
            "url must begin with https:// where username is set",
        ),
        ({"platform": "amd64"}, "is not a platform"),
    ],
)
def test_a_registry_that_cannot_be_meant_is_refused(table: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Infrastructure.model_validate({"registry": table})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"api": "http://cluster.example.org"}, "api must begin with https://"),
        ({"digest": "sha256:abc"}, "is not a digest"),
        ({"image": "hospital/backend:2.0.0"}, "has a tag or a digest"),
        ({"image": f"hospital/backend@sha256:{'1' * 64}"}, "has a tag or a digest"),
        (
            {"digest": f"sha256:{'1' * 64}", "previous_digest": f"sha256:{'1' * 64}"},
            "a rollback would change nothing",
        ),
    ],
)
def test_a_cluster_that_cannot_be_meant_is_refused(table: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Infrastructure.model_validate({"cluster": table})
