"""The record that the pipeline leaves of the commit under judgement."""
