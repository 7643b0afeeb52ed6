"""UHF readers with a ThingMagic Mercury module (M6e, M7e)."""
