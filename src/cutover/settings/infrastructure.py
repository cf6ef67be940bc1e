"""What stands around a target: `[targets.NAME.infrastructure]`."""

from __future__ import annotations

from pydantic import Field

from cutover.settings.base import Table
from cutover.settings.ground import Cluster, Pipeline, Registry
from cutover.settings.network import Balancer, Dns, Redis, Tls


class Infrastructure(Table):
    """The ground that a cutover stands on."""

    tls: Tls = Field(default=Tls(), description="The certificates that people meet.")
    dns: Dns = Field(default=Dns(), description="The names, and where they must lead.")
    balancer: Balancer = Field(default=Balancer(), description="What stands before the backends.")
    redis: Redis = Field(default=Redis(), description="The target's Redis.")
    cluster: Cluster = Field(default=Cluster(), description="The deployment in Kubernetes.")
    registry: Registry = Field(default=Registry(), description="Where the images are pulled from.")
    pipeline: Pipeline = Field(
        default=Pipeline(),
        description="What the pipeline wrote down of the commit under judgement.",
    )
