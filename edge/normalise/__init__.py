"""From reads and weights to events (pure): smoothing, portal direction, the fused load."""
