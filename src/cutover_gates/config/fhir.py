"""How a FHIR R4 server is spoken to. `docs/fhir.md` says it at length."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from cutover_gates.config.base import SettingsTable

Auth = Literal["client-credentials", "smart-backend", "basic", "none"]


class Fhir(SettingsTable):
    """How a FHIR R4 server is spoken to, where `driver = "fhir"`.

    Then `url` is the FHIR base, below which `/metadata` answers.
    """

    auth: Auth = Field(
        default="client-credentials",
        description=(
            "How one signs in. `client-credentials`: OAuth 2.0, the user's name and password are a"
            " client's id and secret. `smart-backend`: SMART backend services, the password is the"
            " client's private key (PEM or JWK, RSA or P-384). `basic`: HTTP Basic. `none`: nobody"
            " is asked."
        ),
    )
    token_url: str | None = Field(
        default=None,
        description=(
            "The token endpoint. Default: as the server's `.well-known/smart-configuration` says, "
            "if it is on the server's own origin."
        ),
    )
    revocation_url: str | None = Field(
        default=None,
        description=(
            "Where a token is ended (RFC 7009). Default: found as the token endpoint is; "
            "where there is none, signing out is not offered."
        ),
    )
    secret_in: Literal["header", "body"] = Field(
        default="header",
        description=(
            "Where a client's id and secret stand in a token request: "
            "`header` (HTTP Basic) or `body` (form fields)."
        ),
    )
    scope: str | None = Field(
        default=None,
        description=(
            "The scope that is asked for. Default: none, and `system/*.*` for `smart-backend`."
        ),
    )
    key_id: str | None = Field(
        default=None,
        description=(
            "The `kid` of assertions. Default: the key's own, else its thumbprint (RFC 7638)."
        ),
    )
    sign_ins_per_minute: int | None = Field(
        default=None,
        ge=1,
        description="Where the server limits sign-ins; each then waits its turn.",
    )
    mrn_system: str = Field(
        default="urn:cutover:mrn",
        min_length=1,
        description="The `system` of the identifier that is a medical record number.",
    )
    tag_system: str = Field(
        default="urn:cutover:run",
        min_length=1,
        description=(
            "The `system` of the `meta.tag` by which everything of a run is "
            "marked as synthetic; its code is the run's tag."
        ),
    )
    encounter_class: str = Field(
        default="IMP", min_length=1, description="The class of visits, a code of HL7's v3-ActCode."
    )
    page_size: int = Field(
        default=100, ge=1, le=1000, description="Entries asked for on one page of a search."
    )
    no_cache: bool = Field(
        default=False,
        description=(
            "True where the hospital's own programs send `Cache-Control: no-cache` with a search."
            " HAPI otherwise answers an equal search from a result of the last minute."
        ),
    )
    live_path: str | None = Field(
        default=None,
        description=(
            "Below the server's origin, what says that it lives (status below 300). "
            "Default: its capability statement."
        ),
    )
    ready_path: str | None = Field(default=None, description="The same for: ready to serve.")

    @field_validator("token_url", "revocation_url")
    @classmethod
    def _check_absolute_urls(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError(f"{value!r} is no absolute address")
        return value

    @field_validator("live_path", "ready_path")
    @classmethod
    def _check_paths(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("/"):
            raise ValueError(f"{value!r} is no path: it begins with /")
        return value
