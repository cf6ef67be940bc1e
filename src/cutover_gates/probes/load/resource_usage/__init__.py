"""Sources of what a target uses: its own metrics page, a Prometheus, a Kubernetes cluster.

They are read-only, and each request is bounded in time.

    source = create_resource_source(resources, "https://hospital.example.org", redactor=redactor)
    sample = source.take_sample()        # raises SourceUnavailable
    sample.memory, sample.missing.get("memory")
"""
