"""Telemetry at rest: InfluxDB 2, or the embedded SQLite store."""
