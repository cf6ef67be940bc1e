"""The watcher of a cutover: probes of the critical paths, and the journal of acknowledged writes.

It runs from before Phase 1 to the end (`cutover-gates watch`), writes one folder, and decides
nothing. The gates read that folder (`record_reader`, `assessments`).
"""
