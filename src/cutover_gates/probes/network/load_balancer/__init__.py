"""The load balancer and the backends behind it."""
