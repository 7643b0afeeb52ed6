"""UHF readers of the UHFReader288 family."""
