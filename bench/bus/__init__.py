"""How near a master comes to what an RS-485 line allows, and whether it keeps its silences."""
