"""The delivery chain as a whole on a clock that we move: same seed, same story, same trace."""
