"""The bonded ledger: an append-only, hash-chained journal, and views that it can rebuild."""
