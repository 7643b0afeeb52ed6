"""What the edge has seen and not yet handed over, on disk: custody as a chain, telemetry bounded."""
