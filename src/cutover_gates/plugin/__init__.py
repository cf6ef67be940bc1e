"""The pytest plugin: hooks, options, fixtures and the judgement of a gate."""
