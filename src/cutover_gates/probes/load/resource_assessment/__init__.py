"""Assessment of what the target uses under load, from samples that are taken once a second.

    with ResourceWatcher(source, sampler) as watcher:
        ...                                                    # the run
    samples, activity = watcher.select_window(start, end)      # the judged part of it
    assess_resource_usage(samples, resources)
    assess_connection_pool(samples, activity, resources)

Without a source the samples are None, without a sampler the activity is. What is None is not
judged here, and is not proven by it.
"""
