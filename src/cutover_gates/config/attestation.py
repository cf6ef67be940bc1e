"""`[attestation]` and `[people.NAME]`: who signs a run's evidence, and whose decisions count."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator, model_validator

from cutover_gates.config.base import SettingsTable


class Attestation(SettingsTable):
    """How the evidence of a run is signed (`docs/auditing.md`)."""

    signing_key: SecretStr | None = Field(
        default=None,
        description=(
            "The private key that signs the verdict: Ed25519, ECDSA or RSA, in PEM. Without one the"
            " evidence is unsigned, and is shown as such."
        ),
    )
    signing_key_file: Path | None = Field(
        default=None,
        description=(
            "A file that holds the private key, instead of the environment. Only its owner may be"
            " able to read it (mode 0600)."
        ),
        examples=["/run/secrets/cutover-signing-key.pem"],
    )
    signing_passphrase: SecretStr | None = Field(
        default=None, description="The passphrase of the private key, where it has one."
    )
    signing_passphrase_file: Path | None = Field(
        default=None,
        description="A file that holds the passphrase, instead of the environment.",
        examples=["/run/secrets/cutover-signing-passphrase"],
    )
    required: bool = Field(
        default=False, description="True where a gate without a signing key may not be judged."
    )
    run_url: str | None = Field(
        default=None,
        description=(
            "The address of the run in a pipeline, for the signed statement. Default: in GitHub"
            " Actions the workflow run."
        ),
        examples=["https://ci.example.org/runs/4425"],
    )

    @field_validator("run_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError("run_url must be an address that begins with https://")
        return value

    @model_validator(mode="after")
    def _check_one_source(self) -> Attestation:
        # Two keys would leave open which one signs.
        if self.signing_key is not None and self.signing_key_file is not None:
            raise ValueError("give the signing key in the environment or in a file, not in both")
        return self


class Person(SettingsTable):
    """A person who signs waivers and sign-offs."""

    name: str = Field(
        min_length=1,
        description=(
            "Their name as in `by` of a decision. There, more may follow after a comma, such as"
            " their office."
        ),
        examples=["Ada Example"],
    )
    public_key_file: Path = Field(
        description="A file with their public key (PEM), which verifies their signatures.",
        examples=["keys/ada.pem"],
    )
