"""A registry that speaks the OCI distribution API: manifests by digest, and their blobs.

Reads only. The library `oras` does not bound its requests and does not compare digests
(docs/decisions/0021-registry-client.md).
"""

from __future__ import annotations

import hashlib
import ssl
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from cutover_gates.core.bounded_json import parse_json
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import Finding, Rule
from cutover_gates.probes.deployment.deployment_context import ObjectNotFound
from cutover_gates.probes.deployment.registry import rules
from cutover_gates.probes.deployment.registry.registry_authorization import (
    RegistryAuthorization,
    describe_status,
)
from cutover_gates.util.concurrency import QUESTION_TIMEOUT_SECONDS
from cutover_gates.util.http import (
    BoundedResponse,
    HttpRequest,
    SourceUnavailable,
    exchange,
    redact_url,
)
from cutover_gates.util.request_deadline import DeadlineTransport

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes of a manifest that registries accept (OCI distribution specification)."""
MAX_REDIRECTS = 3
"""A registry may redirect the request for a blob to its storage."""


@dataclass(frozen=True)
class ImageManifest:
    """A manifest or an index of manifests; its bytes hash to `digest`."""

    digest: str
    media_type: str
    content: dict[str, Any]

    @property
    def blobs(self) -> list[dict[str, Any]]:
        """Return the descriptors of its configuration and layers."""
        return [self.content["config"], *self.content["layers"]]

    @property
    def platforms(self) -> dict[str, str]:
        """Return the digests of an index by platform, such as `linux/arm64/v8`."""
        return {_format_platform(entry): entry["digest"] for entry in self.content["manifests"]}


@dataclass
class RegistryRepository:
    """One repository of a registry, for one question: its time runs from here.

    The redactor learns the password and every token.
    """

    url: str
    name: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    redactor: Redactor = field(default_factory=Redactor, repr=False)
    seconds: float = QUESTION_TIMEOUT_SECONDS

    def __post_init__(self) -> None:
        self._ends = time.monotonic() + self.seconds
        self._authorization = ""
        self._client = httpx.Client(
            transport=DeadlineTransport(self.tls),
            trust_env=False,
            timeout=self.seconds,
            max_redirects=MAX_REDIRECTS,
        )
        self.redactor.learn("registry password", self.password)

    def __enter__(self) -> RegistryRepository:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def fetch_manifest(self, digest: str) -> ImageManifest:
        """Return the manifest.

        Raises:
            ObjectNotFound: there is none, or other bytes under its digest.
            SourceUnavailable: the registry does not answer.
        """
        accept = ", ".join((*MANIFEST_TYPES, *INDEX_TYPES))
        answer = self._request("GET", f"manifests/{digest}", accept)
        if answer.status == 404:
            raise self._not_found(rules.MANIFEST_EXISTS, digest, "a manifest", "404")
        if answer.status != 200:
            raise self._refused(answer, f"the manifest {digest}")
        came = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        if came != digest:
            raise self._not_found(rules.MANIFEST_INTACT, digest, digest, came)
        return self._parse_manifest(answer, digest)

    def find_blob_problem(self, blob: dict[str, Any]) -> Finding | None:
        """Return what is wrong with a blob of a manifest; None where it is complete.

        Raises `SourceUnavailable`.
        """
        answer = self._request("HEAD", f"blobs/{blob['digest']}", "*/*")
        size, expected = answer.headers.get("content-length"), blob.get("size")
        subject = f"blob {blob['digest']}"
        if answer.status == 404:
            return Finding(rules.BLOBS_COMPLETE, subject, f"{expected} bytes", "404")
        if answer.status != 200:
            raise self._refused(answer, f"the {subject}")
        # A registry may leave out the size in its answer to HEAD.
        if size is not None and expected is not None and size != str(expected):
            return Finding(rules.BLOBS_COMPLETE, subject, f"{expected} bytes", f"{size} bytes")
        return None

    def _parse_manifest(self, answer: BoundedResponse, digest: str) -> ImageManifest:
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        try:
            content = parse_json(answer.body)
            media_type = str(content.get("mediaType") or media_type)
            # The digests are read here, so that a broken manifest is a finding, not a crash.
            if media_type in MANIFEST_TYPES:
                _ = [blob["digest"] for blob in (content["config"], *content["layers"])]
            elif media_type not in INDEX_TYPES or not isinstance(content["manifests"], list):
                raise ValueError(media_type)
        except (AttributeError, KeyError, TypeError, ValueError):
            found = media_type or "no media type"
            raise self._not_found(rules.IS_IMAGE, digest, "a manifest of an image", found) from None
        return ImageManifest(digest, media_type, content)

    def _request(self, method: str, path: str, accept: str) -> BoundedResponse:
        """Return the answer; after a challenge, the answer to a request with authorization."""
        answer = self._send(self._build_request(method, path, accept))
        challenge = answer.headers.get("www-authenticate")
        # Without a challenge 401 is final. One sign-in: a second 401 is an answer, too.
        if answer.status == 401 and challenge:
            account = RegistryAuthorization(self.url, self.username, self.password, self.redactor)
            self._authorization = account.authorize(challenge, self._send)
            answer = self._send(self._build_request(method, path, accept))
        return answer

    def _build_request(self, method: str, path: str, accept: str) -> HttpRequest:
        headers = {"Accept": accept}
        if self._authorization:
            headers["Authorization"] = self._authorization
        return HttpRequest(f"{self.url.rstrip('/')}/v2/{self.name}/{path}", method, headers=headers)

    def _send(self, request: HttpRequest) -> BoundedResponse:
        # Identity, since a compressed answer has another Content-Length than the blob. httpx drops
        # the authorization where a redirect leads to another host.
        bounded = HttpRequest(
            request.url,
            request.method,
            headers={**request.headers, "Accept-Encoding": "identity"},
            redirects=True,
            size_limit=SIZE_LIMIT,
        )
        return exchange(self._client, bounded, self._ends, self.seconds, self.redactor)

    def _not_found(self, rule: Rule, digest: str, expected: str, actual: str) -> ObjectNotFound:
        reference = f"{urlsplit(self.url).netloc}/{self.name}@{digest}"
        return ObjectNotFound(
            Finding(rule, f"{self.name}@{digest}", expected, actual, f"docker pull {reference}")
        )

    def _refused(self, answer: BoundedResponse, what: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"answered for {what} of {self.name}: {describe_status(answer)}", redact_url(self.url)
        )


def _format_platform(entry: dict[str, Any]) -> str:
    platform = entry.get("platform") or {}
    parts = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
    return "/".join(filter(None, parts))
