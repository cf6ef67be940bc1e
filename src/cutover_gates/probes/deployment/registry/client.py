"""A registry that speaks the OCI distribution API: manifests by digest, and whether their blobs are
there. Reads only.

Signing in follows the registry's own challenge: a token of the realm that it names, or basic.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import ssl
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.util.concurrency import QUESTION_TIMEOUT_SECONDS, ObjectNotFound
from cutover_gates.util.http import ERROR_TEXT_LIMIT, SourceUnavailable, redact_url

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes of a manifest that registries take (OCI distribution specification)."""
REDIRECTS = 3
"""A registry may send who asks for a blob on to its store."""
_PARAMETER = re.compile(r'(\w+)\s*=\s*"([^"]*)"')


@dataclass(frozen=True)
class ImageManifest:
    """As it came: its bytes hash to `digest`."""

    digest: str
    media_type: str
    content: dict[str, Any]

    @property
    def blobs(self) -> list[dict[str, Any]]:
        """The descriptors of its configuration and layers."""
        return [self.content["config"], *self.content["layers"]]


@dataclass(frozen=True)
class RegistryResponse:
    """What came, wholly read."""

    status: int
    headers: httpx.Headers
    content: bytes = field(repr=False)


@dataclass
class RegistryRepository:
    """One repository of a registry. `redactor` learns the password and every token."""

    url: str
    name: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    redactor: Redactor = field(default_factory=Redactor, repr=False)
    seconds: float = QUESTION_TIMEOUT_SECONDS

    def __post_init__(self) -> None:
        self._ends = time.monotonic() + self.seconds
        self._authorization: str | None = None
        self._client = httpx.Client(
            verify=self.tls or True, trust_env=False, timeout=self.seconds, max_redirects=REDIRECTS
        )
        self.redactor.learn("registry password", self.password)

    def __enter__(self) -> RegistryRepository:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def fetch_manifest(self, digest: str) -> ImageManifest:
        """Raises `NotThere` where there is none, or other bytes under its digest; `TelemetrySilent`
        where the registry does not say.
        """
        answer = self._request(
            "GET", f"manifests/{digest}", ", ".join((*MANIFEST_TYPES, *INDEX_TYPES))
        )
        if answer.status == 404:
            raise ObjectNotFound(
                f"{self._description} has no manifest {digest}: no node can pull it; see docker pull"
                f" {self._pull_reference}@{digest}"
            )
        if answer.status != 200:
            raise SourceUnavailable(self._format_refusal(answer, f"the manifest {digest}"))
        came = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
        if came != digest:
            raise ObjectNotFound(
                f"{self._description} gives other bytes for the manifest {digest}: they hash to {came},"
                " and every node will refuse them"
            )
        return ImageManifest(digest, *self._parse_manifest(answer, digest))

    def _parse_manifest(self, answer: RegistryResponse, digest: str) -> tuple[str, dict[str, Any]]:
        try:
            told = json.loads(answer.content)
            media_type = str(
                told.get("mediaType") or answer.headers.get("Content-Type", "").partition(";")[0]
            )
            if media_type in MANIFEST_TYPES:
                _ = [blob["digest"] for blob in (told["config"], *told["layers"])]
            elif media_type not in INDEX_TYPES or not isinstance(told["manifests"], list):
                raise ValueError(media_type)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ObjectNotFound(
                f"{self._description} has no manifest of an image under {digest}, but something else"
            ) from None
        return media_type, told

    def check_blob(self, blob: dict[str, Any]) -> str | None:
        """What is wrong with a blob of a manifest; None where it is there, in its size.

        Raises `TelemetrySilent`.
        """
        answer = self._request("HEAD", f"blobs/{blob['digest']}", "*/*")
        if answer.status == 404:
            return f"{self._description} has no blob {blob['digest']}"
        if answer.status != 200:
            raise SourceUnavailable(self._format_refusal(answer, f"the blob {blob['digest']}"))
        told, expected = answer.headers.get("Content-Length"), blob.get("size")
        if told is not None and expected is not None and told != str(expected):
            return (
                f"{self._description} has {told} bytes for the blob {blob['digest']}, and its manifest"
                f" says {expected}"
            )
        return None

    def _request(self, method: str, path: str, accept: str) -> RegistryResponse:
        """The answer; after a challenge, the answer to who has signed in."""
        answer = self._send(
            method, f"{self.url.rstrip('/')}/v2/{self.name}/{path}", accept, self._authorization
        )
        if answer.status == 401 and (challenge := answer.headers.get("WWW-Authenticate")):
            self._authorization = self._authorize(challenge)
            answer = self._send(
                method, f"{self.url.rstrip('/')}/v2/{self.name}/{path}", accept, self._authorization
            )
        return answer

    def _authorize(self, challenge: str) -> str:
        """The value of the Authorization header that the challenge asks for."""
        scheme, given = challenge.partition(" ")[0].lower(), dict(_PARAMETER.findall(challenge))
        if scheme == "basic":
            if self.username is None:
                raise SourceUnavailable(
                    f"{self._description} wants a password: give username and password"
                )
            return self._basic_authorization()
        if scheme != "bearer" or urlsplit(given.get("realm", "")).scheme not in (
            "https",
            urlsplit(self.url).scheme,
        ):
            raise SourceUnavailable(
                f"{self._description} asks to sign in in a way that is not known or not safe"
                f" ({self.redactor.redact_text(challenge)[:ERROR_TEXT_LIMIT]})"
            )
        wanted = {key: given[key] for key in ("service", "scope") if key in given}
        realm = str(httpx.URL(given["realm"]).copy_merge_params(wanted))
        answer = self._send(
            "GET",
            realm,
            "application/json",
            self._basic_authorization() if self.username is not None else None,
        )
        if answer.status != 200:
            raise SourceUnavailable(
                self._format_refusal(answer, f"a token at {redact_url(given['realm'])}")
            )
        try:
            token = str(
                json.loads(answer.content).get("token")
                or json.loads(answer.content)["access_token"]
            )
        except (AttributeError, KeyError, ValueError):
            raise SourceUnavailable(
                f"{redact_url(given['realm'])} gave an answer that holds no token"
            ) from None
        self.redactor.learn("registry token", token)
        return f"Bearer {token}"

    def _basic_authorization(self) -> str:
        return (
            "Basic"
            f" {base64.b64encode(f'{self.username}:{self.password or str()}'.encode()).decode()}"
        )

    def _send(
        self, method: str, url: str, accept: str, authorization: str | None
    ) -> RegistryResponse:
        """Read to its end within the bound. Raises `TelemetrySilent`."""
        headers = {
            "Accept": accept,
            "Accept-Encoding": "identity",
            **({"Authorization": authorization} if authorization else {}),
        }
        try:
            with self._client.stream(method, url, headers=headers, follow_redirects=True) as answer:
                content = bytearray()
                for chunk in answer.iter_bytes():
                    content += chunk
                    if len(content) > SIZE_LIMIT or time.monotonic() > self._ends:
                        raise SourceUnavailable(
                            f"{redact_url(url)} gave more than {SIZE_LIMIT} bytes, or took longer than"
                            f" {self.seconds:g} s"
                        )
                return RegistryResponse(answer.status_code, answer.headers, bytes(content))
        except httpx.TimeoutException:
            raise SourceUnavailable(
                f"{redact_url(url)} gave no whole answer within {self.seconds:g} s"
            ) from None
        except httpx.HTTPError as error:
            raise SourceUnavailable(
                f"{redact_url(url)} cannot be asked:"
                f" {self.redactor.redact_text(str(error) or type(error).__name__)[:ERROR_TEXT_LIMIT]}"
            ) from None

    def _format_refusal(self, answer: RegistryResponse, what: str) -> str:
        hint = (
            ": are username and password right, and may they pull?"
            if answer.status in (401, 403)
            else ""
        )
        return f"{self._description}, asked for {what}, answered {answer.status}{hint}"

    @property
    def _description(self) -> str:
        return f"{redact_url(self.url)} ({self.name})"

    @property
    def _pull_reference(self) -> str:
        return f"{urlsplit(self.url).netloc}/{self.name}"
