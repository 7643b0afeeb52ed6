"""How long a command takes until its result is in the ledger."""
