"""The deployment in Kubernetes and the way back from it."""
