"""Compatibility: the document of the release before, compared with the one under judgement."""
