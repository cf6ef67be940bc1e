"""What a run leaves to be read later: what was seen (`record`), with every secret masked
(`redact`), and what was made (`ledger`).
"""
