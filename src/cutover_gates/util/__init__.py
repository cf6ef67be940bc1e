"""Helpers that know nothing of hospitals: bounded HTTP, child processes, threads and text."""
