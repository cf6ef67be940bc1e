"""What the target used while it was under load: looked at once a second, and judged at the end.

    with Watcher(source, gauge) as watcher:
        ...                                                   # the run
    looks, pressures = watcher.within(begins, ends)           # the judged part of it
    sound(usage(looks, resources))                            # the item resource-usage
    sound(pool(looks, pressures, resources))                  # the item connection-pool

Where there is no source, `looks` is None; without a gauge `pressures` is. What is None is not
asked, and not proven by anybody here.
"""
