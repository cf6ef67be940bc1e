"""The steps of a rollout: how long each lasts, and when it may be judged.

Pure: it knows no clock, source or file.
"""
