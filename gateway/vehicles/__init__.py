"""Vehicles over VDA 5050 2.1: orders out, states in."""
