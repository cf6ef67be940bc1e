"""What stands around the embedded hospital: a second instance, a reverse proxy before both,
Prometheus and Alertmanager. `--surroundings` starts them, `--surroundings front` only the first
two.

    with around("http://127.0.0.1:8000", settings) as surroundings:    # everything begins to start,
    and we go on
        surroundings.open()                                            # the database may be used
        from now on
        told = surroundings.told()                                     # wait until all is ready;
        where everything is

They are real programs on free ports of 127.0.0.1, kept by a process of its own (`warden`) that ends
them, and removes their directory, when we end in whatever way. What is missing or does not come up
is left out of what is told, and named in `absent` with one sentence.

    around      starts them, and waits      instance    the second instance of the application
    warden      keeps the processes         proxy       Caddy, and the test authority of its
    certificate
    part        one process, as ordered     watch       Prometheus and Alertmanager
    looking     whether a part is ready     telling     where everything is, in the words of who
    judges the hospital
"""
