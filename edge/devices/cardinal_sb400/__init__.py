"""Cardinal indicators with the SB-400 scoreboard format."""
