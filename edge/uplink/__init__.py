"""From the outboxes to MQTT: one session, the custody window, the telemetry window."""
