"""UHF readers with the "A0" protocol (Impinj R2000 modules)."""
