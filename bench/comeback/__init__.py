"""A hundred edges that come back at once, each with a backlog."""
