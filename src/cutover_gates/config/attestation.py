"""`[attestation]` and `[people.NAME]`: who signs a run's evidence, and whose decisions count."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator, model_validator

from cutover_gates.config.base import SettingsTable

KEYLESS = "sigstore:"
"""In place of a key: a Sigstore instance certifies who signs (securesystemslib's name for it)."""


class Attestation(SettingsTable):
    """How the evidence of a run is signed (`docs/auditing.md`)."""

    signing_key: SecretStr | None = Field(
        default=None,
        description=(
            "The private key that signs the verdict: Ed25519, ECDSA or RSA, in PEM. Without one the"
            " evidence is unsigned, and is shown as such. `sigstore:` signs without a key, as"
            " `identity`."
        ),
    )
    signing_key_file: Path | None = Field(
        default=None,
        description=(
            "A file that holds the private key, instead of the environment. Only its owner may be"
            " able to read it (mode 0600). `sigstore:` signs without a key, as `identity`."
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
    identity: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "Who signs with `sigstore:`, as in the certificate: an e-mail address, or the address"
            " of a workflow. A certificate of another is refused."
        ),
        examples=["https://github.com/example/cutover/.github/workflows/gates.yml@refs/heads/main"],
    )
    issuer: str | None = Field(
        default=None,
        min_length=1,
        description="The identity provider that knows `identity`.",
        examples=["https://token.actions.githubusercontent.com"],
    )
    identity_token: SecretStr | None = Field(
        default=None,
        description=(
            "The identity token (OIDC, audience `sigstore`) with which `sigstore:` signs. Without"
            " one the pipeline is asked for it."
        ),
    )
    identity_token_file: Path | None = Field(
        default=None,
        description=(
            "A file that holds the identity token. It is read again when the verdict is signed, so"
            " that the platform may renew it."
        ),
        examples=["/var/run/secrets/sigstore/token"],
    )
    trust_config_file: Path | None = Field(
        default=None,
        description=(
            "A file with the client trust config of your company's Sigstore instance. Without one,"
            " the public instance signs."
        ),
        examples=["sigstore-trust.json"],
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
        if self.identity_token is not None and self.identity_token_file is not None:
            raise ValueError("give the identity token in the environment or in a file, not in both")
        if self.is_keyless and not (self.identity and self.issuer):
            raise ValueError(f"{KEYLESS} needs identity and issuer: who signs, and who knows them")
        return self

    @property
    def is_keyless(self) -> bool:
        """True where a Sigstore instance certifies the signer."""
        given = self.signing_key and self.signing_key.get_secret_value().strip()
        return KEYLESS in (given, str(self.signing_key_file))


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
