"""Faults on purpose: seeded, so that what is found can be played again."""
