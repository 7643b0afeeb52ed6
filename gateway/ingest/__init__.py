"""From MQTT into ledger and store: admission, sessions, heads and acknowledgements."""
