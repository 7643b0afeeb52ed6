"""How fast, and at what cost, a backlog of telemetry gets from MQTT into InfluxDB 2."""
