"""Rules for the images in the registry."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

IMAGE_DECLARED = Rule(
    "IMAGE-001",
    "The registry and the digests of the images are declared",
    "What is not declared is not checked.",
    "Set the key in [targets.NAME.infrastructure.registry] or, for the digests, .cluster. Where"
    " there is none, give the reason in [targets.NAME.not_applicable].",
)
REGISTRY_ANSWERS = Rule(
    "IMAGE-002",
    "The registry answers and lets the gate pull",
    "Nothing is known of an image that cannot be requested.",
    "Correct registry.url, registry.ca_file, registry.username or the password.",
)
MANIFEST_EXISTS = Rule(
    "IMAGE-003",
    "The registry has the manifest of the image",
    "No node can pull an image without its manifest.",
    "Push the image again, or correct the digest.",
)
MANIFEST_INTACT = Rule(
    "IMAGE-004",
    "The manifest's bytes hash to its digest",
    "Every node refuses a manifest with other bytes.",
    "Repair the registry's storage and push the image again.",
)
IS_IMAGE = Rule(
    "IMAGE-005",
    "The digest is that of an image",
    "No node can run a chart or a signature.",
    "Correct the digest.",
)
FOR_PLATFORM = Rule(
    "IMAGE-006",
    "The image is built for registry.platform",
    "The cluster's nodes cannot run it.",
    "Build the image for the cluster's platform, or correct registry.platform.",
)
BLOBS_COMPLETE = Rule(
    "IMAGE-007",
    "The registry has every blob of the image, in its full size",
    "A pull breaks off at the missing blob.",
    "Push the image again.",
)
