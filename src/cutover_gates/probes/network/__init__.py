"""The way to a target: its certificates (`TlsAssessments`), its names (`DnsAssessments`), what stands before its backends
(`LoadBalancerAssessments`), and its Redis (`RedisAssessments`).

    tls = Tls(settings, "https://hospital.example.org", context)
    sound(tls.chains())

Each question is answered with an examination. All places are asked at the same time, each within
its own bound, so that ten dead ones cost no more than one. What nobody has declared is not proven.
"""
