"""A registry's ways of letting somebody in, and what is asked of it."""

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


def test_a_token_is_asked_for_once_a_question(ground: DeploymentEnvironment) -> None:
    """And never the password where a token does."""
    assert ground.run_checks({}, "registry")[NOW].word == "passed"
    asked = [
        (path, authorization.partition(" ")[0])
        for path, authorization in ground.registry.authorizations
    ]
    assert asked[:3] == [
        (f"/v2/hospital/backend/manifests/{ground.digest}", ""),
        ("/token", "Basic"),
        (f"/v2/hospital/backend/manifests/{ground.digest}", "Bearer"),
    ]
    assert {scheme for path, scheme in asked[3:6]} == {"Bearer"}
    assert len([path for path, _ in asked if path == "/token"]) == 2  # one for each image


def test_a_registry_may_want_the_password_itself(ground: DeploymentEnvironment) -> None:
    ground.registry.wants = "basic"
    assert ground.run_checks({}, "registry")[NOW].word == "passed"


def test_a_registry_may_let_everybody_in(ground: DeploymentEnvironment) -> None:
    ground.registry.wants = "nothing"
    assert ground.run_checks({"registry": {"username": None}}, "registry")[NOW].word == "passed"
    assert {authorization for _, authorization in ground.registry.authorizations} == {""}


def test_an_image_for_several_platforms_is_looked_at_for_ours(
    ground: DeploymentEnvironment,
) -> None:
    other = ground.registry.push("2.0.0 for another processor")
    for layer in ground.registry.layers_of(other):
        del ground.registry.blobs[layer]  # nobody here will pull it
    ground.digest = ground.registry.push_index(arm64=other, amd64=ground.digest)
    assert ground.run_checks({}, "registry")[NOW].word == "passed"
    assert (
        ground.run_checks({"registry": {"platform": "linux/arm64"}}, "registry")[NOW].word
        == "failed"
    )


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("store"))


@contextmanager
def stores(ground: DeploymentEnvironment, signed: Authority, folder: Path) -> Iterator[OciRegistry]:
    """A store of blobs at another address, which the registry sends everybody on to; both are
    trusted.
    """
    with oci_registry(signed) as store:
        store.blobs, ground.registry.store = ground.registry.blobs, store.url
        both = folder / "both.pem"
        both.write_text(Path(ground.registry.ca_file).read_text() + signed.ca_file.read_text())
        ground.registry.ca_file = str(both)
        yield store


def test_who_is_sent_on_to_a_store_takes_no_token_along(
    ground: DeploymentEnvironment, signed: Authority, tmp_path: Path
) -> None:
    """The store is somebody else's."""
    trusted = ground.registry.ca_file
    with stores(ground, signed, tmp_path) as store:
        assert ground.run_checks({}, "registry")[NOW].word == "passed"
        assert len(store.authorizations) == 7
        assert {authorization for _, authorization in store.authorizations} == {""}
    ground.registry.ca_file = trusted


def test_a_password_is_sent_to_no_realm_without_tls(
    ground: DeploymentEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        OciRegistry,
        "_challenge",
        lambda _self: 'Bearer realm="http://127.0.0.1:1/token",service="stand-in"',
    )
    outcome = ground.run_checks({}, "registry")[NOW]
    assert (outcome.word, "not known or not safe" in outcome.why) == ("not proven", True)
    assert {authorization for _, authorization in ground.registry.authorizations} == {""}


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
