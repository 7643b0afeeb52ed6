"""UHF readers of the UHFReader18 family."""
