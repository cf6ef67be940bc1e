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

from cutover.evidence import Redactor
from cutover.telemetry.asking import SAID, shown
from cutover.telemetry.ground.bounded import SECONDS, NotThere
from cutover.telemetry.looks import TelemetrySilent

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes of a manifest that registries take (OCI distribution specification)."""
REDIRECTS = 3
"""A registry may send who asks for a blob on to its store."""
_PARAMETER = re.compile(r'(\w+)\s*=\s*"([^"]*)"')


@dataclass(frozen=True)
class Manifest:
    """As it came: its bytes hash to `digest`."""

    digest: str
    media_type: str
    told: dict[str, Any]

    @property
    def blobs(self) -> list[dict[str, Any]]:
        """The descriptors of its configuration and layers."""
        return [self.told["config"], *self.told["layers"]]


@dataclass(frozen=True)
class Answer:
    """What came, wholly read."""

    status: int
    headers: httpx.Headers
    content: bytes = field(repr=False)


@dataclass
class Repository:
    """One repository of a registry. `redactor` learns the password and every token."""

    url: str
    name: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    redactor: Redactor = field(default_factory=Redactor, repr=False)
    seconds: float = SECONDS

    def __post_init__(self) -> None:
        self._ends = time.monotonic() + self.seconds
        self._authorization: str | None = None
        self._client = httpx.Client(
            verify=self.tls or True, trust_env=False, timeout=self.seconds, max_redirects=REDIRECTS
        )
        self.redactor.learn("registry password", self.password)

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def manifest(self, digest: str) -> Manifest:
        """Raises `NotThere` where there is none, or other bytes under its digest; `TelemetrySilent`
        where the registry does not say.
        """
        answer = self._ask("GET", f"manifests/{digest}", ", ".join((*MANIFESTS, *INDEXES)))
        if answer.status == 404:
            raise NotThere(
                f"{self._where} has no manifest {digest}: no node can pull it; see docker pull"
                f" {self._pulled}@{digest}"
            )
        if answer.status != 200:
            raise TelemetrySilent(self._refusal(answer, f"the manifest {digest}"))
        came = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
        if came != digest:
            raise NotThere(
                f"{self._where} gives other bytes for the manifest {digest}: they hash to {came},"
                " and every node will refuse them"
            )
        return Manifest(digest, *self._read(answer, digest))

    def _read(self, answer: Answer, digest: str) -> tuple[str, dict[str, Any]]:
        try:
            told = json.loads(answer.content)
            media_type = str(
                told.get("mediaType") or answer.headers.get("Content-Type", "").partition(";")[0]
            )
            if media_type in MANIFESTS:
                _ = [blob["digest"] for blob in (told["config"], *told["layers"])]
            elif media_type not in INDEXES or not isinstance(told["manifests"], list):
                raise ValueError(media_type)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise NotThere(
                f"{self._where} has no manifest of an image under {digest}, but something else"
            ) from None
        return media_type, told

    def lacks(self, blob: dict[str, Any]) -> str | None:
        """What is wrong with a blob of a manifest; None where it is there, in its size.

        Raises `TelemetrySilent`.
        """
        answer = self._ask("HEAD", f"blobs/{blob['digest']}", "*/*")
        if answer.status == 404:
            return f"{self._where} has no blob {blob['digest']}"
        if answer.status != 200:
            raise TelemetrySilent(self._refusal(answer, f"the blob {blob['digest']}"))
        told, expected = answer.headers.get("Content-Length"), blob.get("size")
        if told is not None and expected is not None and told != str(expected):
            return (
                f"{self._where} has {told} bytes for the blob {blob['digest']}, and its manifest"
                f" says {expected}"
            )
        return None

    def _ask(self, method: str, path: str, accept: str) -> Answer:
        """The answer; after a challenge, the answer to who has signed in."""
        answer = self._send(
            method, f"{self.url.rstrip('/')}/v2/{self.name}/{path}", accept, self._authorization
        )
        if answer.status == 401 and (challenge := answer.headers.get("WWW-Authenticate")):
            self._authorization = self._signed_in(challenge)
            answer = self._send(
                method, f"{self.url.rstrip('/')}/v2/{self.name}/{path}", accept, self._authorization
            )
        return answer

    def _signed_in(self, challenge: str) -> str:
        """The value of the Authorization header that the challenge asks for."""
        scheme, given = challenge.partition(" ")[0].lower(), dict(_PARAMETER.findall(challenge))
        if scheme == "basic":
            if self.username is None:
                raise TelemetrySilent(f"{self._where} wants a password: give username and password")
            return self._basic()
        if scheme != "bearer" or urlsplit(given.get("realm", "")).scheme not in (
            "https",
            urlsplit(self.url).scheme,
        ):
            raise TelemetrySilent(
                f"{self._where} asks to sign in in a way that is not known or not safe"
                f" ({self.redactor.text(challenge)[:SAID]})"
            )
        wanted = {key: given[key] for key in ("service", "scope") if key in given}
        realm = str(httpx.URL(given["realm"]).copy_merge_params(wanted))
        answer = self._send(
            "GET", realm, "application/json", self._basic() if self.username is not None else None
        )
        if answer.status != 200:
            raise TelemetrySilent(self._refusal(answer, f"a token at {shown(given['realm'])}"))
        try:
            token = str(
                json.loads(answer.content).get("token")
                or json.loads(answer.content)["access_token"]
            )
        except (AttributeError, KeyError, ValueError):
            raise TelemetrySilent(
                f"{shown(given['realm'])} gave an answer that holds no token"
            ) from None
        self.redactor.learn("registry token", token)
        return f"Bearer {token}"

    def _basic(self) -> str:
        return (
            "Basic"
            f" {base64.b64encode(f'{self.username}:{self.password or str()}'.encode()).decode()}"
        )

    def _send(self, method: str, url: str, accept: str, authorization: str | None) -> Answer:
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
                        raise TelemetrySilent(
                            f"{shown(url)} gave more than {SIZE_LIMIT} bytes, or took longer than"
                            f" {self.seconds:g} s"
                        )
                return Answer(answer.status_code, answer.headers, bytes(content))
        except httpx.TimeoutException:
            raise TelemetrySilent(
                f"{shown(url)} gave no whole answer within {self.seconds:g} s"
            ) from None
        except httpx.HTTPError as error:
            raise TelemetrySilent(
                f"{shown(url)} cannot be asked:"
                f" {self.redactor.text(str(error) or type(error).__name__)[:SAID]}"
            ) from None

    def _refusal(self, answer: Answer, what: str) -> str:
        hint = (
            ": are username and password right, and may they pull?"
            if answer.status in (401, 403)
            else ""
        )
        return f"{self._where}, asked for {what}, answered {answer.status}{hint}"

    @property
    def _where(self) -> str:
        return f"{shown(self.url)} ({self.name})"

    @property
    def _pulled(self) -> str:
        return f"{urlsplit(self.url).netloc}/{self.name}"
