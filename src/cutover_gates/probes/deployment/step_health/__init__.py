"""The instances of both releases during a step of a rollout, as the cluster tells."""
