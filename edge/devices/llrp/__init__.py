"""UHF readers that speak LLRP over TCP."""
