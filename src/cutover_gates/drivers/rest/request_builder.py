"""The builder of requests: from a step of the mapping to an HTTP request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

import httpx

from cutover_gates.drivers.http_client import HttpClient, same_origin, sendable_values
from cutover_gates.drivers.request_context import RequestContext
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.mapping_tables import MappingStep
from cutover_gates.drivers.rest.request_body import BodyRenderer
from cutover_gates.drivers.rest.template_moments import current_moment
from cutover_gates.drivers.rest.templates import TemplateFault, render, render_path
from cutover_gates.drivers.rest.vocabulary import mapping_error
from cutover_gates.util.addresses import origin_of


@dataclass(frozen=True)
class RequestBuilder:
    """A builder for one target. `base_url` has no trailing slash.

    `always` holds the variables that every template sees.
    """

    base_url: str
    mapping: TargetMapping
    client: HttpClient
    always: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def build(
        self,
        step: MappingStep,
        key: str,
        variables: Mapping[str, Any],
        token: str | None,
        *,
        synthetic: bool = True,
    ) -> httpx.Request:
        """Return the request of `step`, which stands at `key` of the mapping.

        `token` None sends none. Raises `MappingError`, also where the token would leave the target.
        """
        url = self._url(step, key, variables)
        at_target = self._is_at_target(step, url)
        if token is not None and not at_target:
            problem = f"the token would be sent to {origin_of(url)}, which is not the target"
            raise mapping_error(self.mapping.source, f"{key}.token", True, problem)
        headers = self._headers(step, key, variables, at_target=at_target)
        body = self._bodies.render_body(step, key, variables)
        query = self._bodies.render_table(step.query, f"{key}.query", variables)
        context = RequestContext(
            synthetic,
            self.with_token(headers, "$TOKEN" if token is not None else None),
            body.parts,
        )
        with sendable_values():
            address = str(httpx.URL(url).copy_merge_params(query)) if query else url
            return self.client.build_request(
                step.method,
                address,
                headers=self.with_token(headers, token),
                extensions=context.as_extensions(),
                **body.arguments,
            )

    def build_link(
        self,
        url: str,
        step: MappingStep,
        key: str,
        variables: Mapping[str, Any],
        token: str | None,
    ) -> httpx.Request:
        """Return a GET of an address that the target itself gave (the next page).

        It has the headers of `step`. At another origin than the target's it has none, and no token.
        """
        headers: dict[str, Any] = {}
        if same_origin(url, self.base_url):
            headers = self._headers(step, key, variables, at_target=True)
        else:
            token = None
        shown = self.with_token(headers, "$TOKEN" if token is not None else None)
        with sendable_values():
            return self.client.build_request(
                "GET",
                url,
                headers=self.with_token(headers, token),
                extensions=RequestContext(True, shown).as_extensions(),
            )

    def base_headers(self, now: datetime | None = None) -> dict[str, Any]:
        """Return the headers of every request to the target. `now` is that of the request."""
        if not self.mapping.headers:
            return {}
        variables = {**self.always, "now": now or current_moment()}
        return self._bodies.render_table(self.mapping.headers, "headers", variables)

    def with_token(self, headers: Mapping[str, Any], token: str | None) -> dict[str, Any]:
        """Return the headers with the one that shows the token; unchanged where there is none."""
        if token is None:
            return dict(headers)
        return {**headers, self.mapping.token.header: self.token_value(token)}

    def token_value(self, token: str) -> str:
        """Return the value of the header that shows a token."""
        return _render_token(self.mapping.token.value, token)

    @cached_property
    def _bodies(self) -> BodyRenderer:
        return BodyRenderer(self.mapping.source)

    @cached_property
    def _paths_are_at_target(self) -> bool:
        return same_origin(f"{self.base_url}{self.mapping.base_path}/", self.base_url)

    def _is_at_target(self, step: MappingStep, url: str) -> bool:
        """Return whether the token may be shown at `url`. For paths the answer is computed once."""
        if step.path is not None:
            return self._paths_are_at_target
        return same_origin(url, self.base_url)

    def _headers(
        self, step: MappingStep, key: str, variables: Mapping[str, Any], *, at_target: bool
    ) -> dict[str, Any]:
        base = self.base_headers(variables.get("now")) if at_target else {}
        return {**base, **self._bodies.render_table(step.headers, f"{key}.headers", variables)}

    def _url(self, step: MappingStep, key: str, variables: Mapping[str, Any]) -> str:
        place, template = ("url", step.url) if step.path is None else ("path", step.path)
        try:
            if step.path is not None:
                return self.base_url + self.mapping.base_path + render_path(step.path, variables)
            url = str(render(step.url or "", variables))
        except TemplateFault as fault:
            raise mapping_error(
                self.mapping.source, f"{key}.{place}", template, str(fault)
            ) from fault
        if not url.startswith(("http://", "https://")):
            problem = f"became {url!r}, which is no absolute http address"
            raise mapping_error(self.mapping.source, f"{key}.url", step.url, problem)
        return url


# A session shows its token in every request, and rendering it takes 7 µs.
@lru_cache(maxsize=64)
def _render_token(template: str, token: str) -> str:
    return str(render(template, {"token": token}))
