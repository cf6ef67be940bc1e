"""The command `cutover-gates`, and the load by hand with locust's page."""
