"""Load balancer."""
