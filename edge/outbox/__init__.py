"""What the edge has seen and not handed over, on disk: custody chained, telemetry bounded."""
