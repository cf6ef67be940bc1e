"""`[targets.NAME.infrastructure]`: what a target runs on, and what stands in front of it."""

from __future__ import annotations

from pydantic import Field

from cutover_gates.config.base import SettingsTable
from cutover_gates.config.database_outage import DatabaseOutageSettings
from cutover_gates.config.deployment import ClusterSettings, RegistrySettings
from cutover_gates.config.load_balancer import LoadBalancerSettings
from cutover_gates.config.network import DnsSettings, TlsSettings
from cutover_gates.config.pipeline import PipelineSettings
from cutover_gates.config.redis import RedisSettings
from cutover_gates.config.release_proofs import CodeReviewSettings, SecurityScanSettings


class Infrastructure(SettingsTable):
    """What a target runs on, and what stands in front of it."""

    tls: TlsSettings = Field(
        default=TlsSettings(), description="The certificates that people meet."
    )
    dns: DnsSettings = Field(
        default=DnsSettings(), description="The names, and where they must lead."
    )
    balancer: LoadBalancerSettings = Field(
        default=LoadBalancerSettings(), description="What stands before the backends."
    )
    database_outage: DatabaseOutageSettings = Field(
        default=DatabaseOutageSettings(),
        description="How its database is taken away for a while, to see what readiness says.",
    )
    redis: RedisSettings = Field(default=RedisSettings(), description="The target's Redis.")
    cluster: ClusterSettings = Field(
        default=ClusterSettings(), description="The deployment in Kubernetes."
    )
    registry: RegistrySettings = Field(
        default=RegistrySettings(), description="Where the images are pulled from."
    )
    pipeline: PipelineSettings = Field(
        default=PipelineSettings(),
        description="What the pipeline wrote down of the commit under judgement.",
    )
    security_scans: SecurityScanSettings = Field(
        default=SecurityScanSettings(),
        description="What scanners found in the image under judgement.",
    )
    code_review: CodeReviewSettings = Field(
        default=CodeReviewSettings(), description="The pull requests of the release."
    )
