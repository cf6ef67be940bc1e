"""Probe of what a release runs on and comes from: Kubernetes, the image registry, the pipeline.

    client = DeploymentClient(settings, ca_file, token_file, redactor)
    cluster = KubernetesAssessments(context, settings, client.load_state)
    assert_passed(cluster.assess_availability())

All queries only read.
"""
