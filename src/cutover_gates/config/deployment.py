"""`[targets.NAME.infrastructure.cluster]` and `.registry`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from cutover_gates.config.base import (
    LOOSER_ABOVE,
    LOOSER_BELOW,
    LOOSER_FEWER,
    Seconds,
    SettingsTable,
)

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9]+(/[a-z0-9]+)?")
Share = Literal["requests.cpu", "requests.memory", "limits.cpu", "limits.memory"]


class ClusterSettings(SettingsTable):
    """The deployment in Kubernetes, and the images that it runs and can go back to.

    The registry is asked for the same images.
    """

    api: str | None = Field(
        default=None, description="The API server, such as `https://kubernetes.default.svc`."
    )
    ca_file: Path | None = Field(
        default=None,
        description="A file with the authority that signed its certificate. Default: the system's.",
    )
    token_file: Path = Field(
        default=Path("/var/run/secrets/kubernetes.io/serviceaccount/token"),
        description=(
            "A file that holds the token. It must let its bearer read deployments, pods, replica"
            " sets and disruption budgets of the namespace; with `helm_release` list secrets, of"
            " which only the metadata are asked for; for the way back get the ConfigMaps and the"
            " Secrets that the pods name, of which salted hashes are kept."
        ),
    )
    namespace: str | None = Field(default=None, description="The deployment's namespace.")
    deployment: str | None = Field(default=None, description="The deployment's name.")
    image: str | None = Field(
        default=None,
        description=(
            "The repository of its image as the deployment writes it, without tag and digest: that"
            " tells its container from those beside it."
        ),
    )
    container: str | None = Field(
        default=None,
        min_length=1,
        examples=["backend"],
        description=(
            "The name of that container, for the steps of a rollback. Default: the deployment's."
        ),
    )
    digest: str | None = Field(
        default=None, description="The digest of the image under judgement (`sha256:…`)."
    )
    previous_digest: str | None = Field(
        default=None, description="The digest of the image that a rollback goes back to."
    )
    runs: Literal["release", "previous", "either"] | None = Field(
        default=None,
        examples=["previous"],
        description=(
            "What every pod must run when it is judged: `release`, the image under judgement;"
            " `previous`, the one before the cutover; or `either`. Default: what the gate says"
            " (`answers` in the plan). What contradicts the gate is refused."
        ),
    )
    replicas: int | None = Field(default=None, ge=1, description="How many pods there must be.")
    helm_release: str | None = Field(
        default=None, description="The release's name in Helm, where a rollback is done by Helm."
    )
    helm_revision: int | None = Field(
        default=None,
        ge=1,
        examples=[1],
        description=(
            "The revision that `helm rollback` goes back to. Without it the token must be allowed"
            " to get the secrets of the release, which say what image each revision has."
        ),
    )
    restarts: int = Field(
        default=0,
        le=20,
        ge=0,
        json_schema_extra=LOOSER_ABOVE,
        description="Restarts that a container may have had within `restart_hours`.",
    )
    restart_hours: Seconds = Field(
        default=1,
        ge=0.25,
        json_schema_extra=LOOSER_BELOW,
        description="Hours that `restarts` looks back.",
    )
    pods_by_address: bool = Field(
        default=False,
        description=(
            "True where the watcher reaches the pods by their addresses, as a Job in the cluster"
            " does: it then asks the readiness path of each pod."
        ),
    )
    must_declare: tuple[Share, ...] = Field(
        default=("requests.cpu", "requests.memory", "limits.cpu", "limits.memory"),
        min_length=1,
        json_schema_extra=LOOSER_FEWER,
        description="What every container of the deployment must declare.",
    )

    @property
    def running_digest_keys(self) -> tuple[str, ...]:
        """Return the keys with the digests that a pod may run."""
        keys = {"previous": ("previous_digest",), "either": ("digest", "previous_digest")}
        return keys.get(self.runs or "release", ("digest",))

    @field_validator("api")
    @classmethod
    def _require_https(cls, value: str | None) -> str | None:
        # Also on a private network: the token opens the whole namespace.
        if value is not None and not value.startswith("https://"):
            raise ValueError("api must begin with https://: a token is sent there")
        return value

    @field_validator("digest", "previous_digest")
    @classmethod
    def _check_digest(cls, value: str | None) -> str | None:
        if value is not None and not DIGEST.fullmatch(value):
            raise ValueError(f"{value!r} is not a digest; write sha256: and 64 hexadecimal digits")
        return value

    @field_validator("image")
    @classmethod
    def _check_repository(cls, value: str | None) -> str | None:
        if value is not None and ("@" in value or ":" in value.rpartition("/")[2]):
            raise ValueError(
                f"{value!r} has a tag or a digest; write the repository alone, and set digest"
            )
        return value

    @model_validator(mode="after")
    def _check_previous_digest(self) -> ClusterSettings:
        # A typing error that would make the way back look right.
        if self.digest and self.digest == self.previous_digest:
            raise ValueError(
                "digest and previous_digest are the same, so that a rollback would change nothing"
            )
        return self


class RegistrySettings(SettingsTable):
    """The registry of the images, whose digests are `digest` and `previous_digest` of `cluster`."""

    url: str | None = Field(
        default=None,
        description=(
            "The registry, such as `https://registry.example.org`. Without https no one may"
            " sign in."
        ),
    )
    repository: str | None = Field(
        default=None, description="The images' repository in it, such as `hospital/backend`."
    )
    username: str | None = Field(default=None, description="Who signs in, as the cluster does.")
    password: SecretStr | None = Field(default=None, description="The password.")
    password_file: Path | None = Field(
        default=None, description="A file that holds the password, instead of the environment."
    )
    ca_file: Path | None = Field(
        default=None,
        description="A file with the authority that signed its certificate. Default: the world's.",
    )
    platform: str = Field(
        default="linux/amd64",
        description=(
            "The cluster's platform: its image must be among those of a multi-platform one."
        ),
    )

    @field_validator("platform")
    @classmethod
    def _check_platform(cls, value: str) -> str:
        if not PLATFORM.fullmatch(value):
            raise ValueError(
                f'{value!r} is not a platform; write one such as "linux/amd64" or "linux/arm/v7"'
            )
        return value

    @model_validator(mode="after")
    def _require_https(self) -> RegistrySettings:
        if self.url is not None and not self.url.startswith(("https://", "http://")):
            raise ValueError(
                f'{self.url!r} is not a URL; write one such as "https://registry.example.org"'
            )
        if (
            self.url is not None
            and self.username is not None
            and not self.url.startswith("https://")
        ):
            raise ValueError(
                "url must begin with https:// where username is set: a password is sent there"
            )
        return self
