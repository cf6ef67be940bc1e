"""A stand-in for a registry of images.

It is none: it gives out what a test laid into it, by the OCI distribution API, over TLS.

It wants a token (of its own realm, for a name and password), or basic authentication, or nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from tests.standins.https_server import Authority, QuietHandler, running_https_server

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class OciRegistry:
    """`manifests`: digest → media type and bytes.

    `blobs`: digest → bytes. `store`: blobs are then given out elsewhere, after a redirect.
    """

    url: str = ""
    ca_file: str = ""
    repository: str = "hospital/backend"
    wants: Literal["token", "basic", "nothing"] = "token"
    username: str = "puller"
    password: str = "pa55word-of-the-registry"
    token: str = "t0ken-of-the-registry"
    store: str = ""
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    authorizations: list[tuple[str, str]] = field(default_factory=list)

    def push(self, name: str, layers: int = 2) -> str:
        """An image of its own by this name; the digest of its manifest."""
        contents = [
            f"{name} configuration".encode(),
            *(f"{name} layer {number}".encode() for number in range(layers)),
        ]
        self.blobs |= {digest_of(content): content for content in contents}
        config, *rest = (
            {
                "digest": digest_of(content),
                "size": len(content),
                "mediaType": "application/octet-stream",
            }
            for content in contents
        )
        return self.put(
            MANIFEST, {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": rest}
        )

    def push_index(self, **platforms: str) -> str:
        """An image for several platforms: `amd64=digest`."""
        entries = [
            {
                "mediaType": MANIFEST,
                "digest": digest,
                "size": len(self.manifests[digest][1]),
                "platform": {"os": "linux", "architecture": architecture},
            }
            for architecture, digest in platforms.items()
        ]
        return self.put(INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})

    def put(self, media_type: str, told: dict[str, Any]) -> str:
        content = json.dumps(told).encode()
        self.manifests[digest_of(content)] = (media_type, content)
        return digest_of(content)

    def layers_of(self, digest: str) -> list[str]:
        return [layer["digest"] for layer in json.loads(self.manifests[digest][1])["layers"]]

    @property
    def basic(self) -> str:
        return f"Basic {base64.b64encode(f'{self.username}:{self.password}'.encode()).decode()}"

    def answer(self, target: str, authorization: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers."""
        parts = urlsplit(target)
        self.authorizations.append((parts.path, authorization))
        if parts.path == "/token":
            asked = parse_qs(parts.query)
            fits = asked.get("scope") == [f"repository:{self.repository}:pull"] and asked.get(
                "service"
            ) == ["stand-in"]
            return (
                (200, json.dumps({"token": self.token}).encode(), {})
                if fits and authorization == self.basic
                else (401, b"{}", {})
            )
        if parts.path.startswith("/store/"):
            return self._blob(parts.path.removeprefix("/store/"))
        if (
            self.wants != "nothing"
            and authorization != {"token": f"Bearer {self.token}", "basic": self.basic}[self.wants]
        ):
            return 401, b"{}", {"WWW-Authenticate": self._challenge()}
        kind, _, digest = parts.path.removeprefix(f"/v2/{self.repository}/").partition("/")
        if kind == "blobs":
            return (
                (307, b"", {"Location": f"{self.store}/store/{digest}"})
                if self.store
                else self._blob(digest)
            )
        if kind == "manifests" and digest in self.manifests:
            media_type, content = self.manifests[digest]
            return 200, content, {"Content-Type": media_type, "Docker-Content-Digest": digest}
        return 404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}', {}

    def _blob(self, digest: str) -> tuple[int, bytes, dict[str, str]]:
        return (200, self.blobs[digest], {}) if digest in self.blobs else (404, b"", {})

    def _challenge(self) -> str:
        if self.wants == "basic":
            return 'Basic realm="stand-in"'
        return (
            "Bearer"
            f' realm="{self.url}/token",service="stand-in",scope="repository:{self.repository}:pull"'
        )


@contextmanager
def oci_registry(authority: Authority) -> Iterator[OciRegistry]:
    """The server, empty, until the block ends."""
    stand_in = OciRegistry(ca_file=str(authority.ca_file))

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            status, body, headers = stand_in.answer(
                self.path, self.headers.get("Authorization", "")
            )
            self.reply(status, body, headers)

        do_HEAD = do_GET

    with running_https_server(Handler, authority) as stand_in.url:
        yield stand_in
