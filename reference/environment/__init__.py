"""Programs around the embedded hospital.

They are a second instance, a reverse proxy before both, Prometheus and Alertmanager.
`--surroundings` starts all of them, `--surroundings front` only the first two.

    with start_environment("http://127.0.0.1:8000", settings) as environment:   # does not wait
        environment.open()                          # the database may be used from now on
        keys = environment.describe_when_ready()    # waits until all is ready

They are real programs on free ports of 127.0.0.1. A process of its own (`parent_watchdog`) runs
them; it ends them and removes their directory when the parent ends, however it ends. A program that
is missing or does not start is left out of the description, and is listed in `absent` with one
sentence.

    launcher           starts them, and waits       instance       the second instance
    parent_watchdog    runs the processes           proxy          Caddy and its certificate
    part               one process to run           monitoring     Prometheus and Alertmanager
    readiness          checks of a program          description    addresses as settings keys
"""
