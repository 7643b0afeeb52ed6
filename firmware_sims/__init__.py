"""The simulated hall: a seeded world whose devices speak the real wire protocols.

Imports nothing of the product, so that one wrong checksum cannot pass on both sides.
"""
