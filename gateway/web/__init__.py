"""The page and its API: reads of the ledger and the live state, acts of persons."""
