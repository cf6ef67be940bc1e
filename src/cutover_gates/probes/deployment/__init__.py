"""The ground that a release stands on: its deployment in Kubernetes, the registry of its images,
what its pipeline wrote down. Read-only.

cluster = Cluster("staging", settings, Api(settings, …).look, record)
sound(cluster.available())
"""
