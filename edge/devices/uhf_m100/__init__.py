"""UHF readers of the M100 / YRM100 / R200 family."""
