"""How much an edge's outbox takes and gives: custody with a FULL sync, telemetry without."""
