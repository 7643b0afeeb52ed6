"""How fast the ledger takes chained custody events."""
