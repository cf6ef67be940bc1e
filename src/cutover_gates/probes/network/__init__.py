"""Probe of the network in front of a target: TLS, DNS, the load balancer and Redis.

    tls = TlsAssessments(settings, "https://hospital.example.org", context)
    assert_passed(tls.assess_chains())

Each question returns an assessment. All servers are queried at the same time, each within its own
time bound, so that ten dead servers cost no more time than one. What is not declared is not proven.
"""
