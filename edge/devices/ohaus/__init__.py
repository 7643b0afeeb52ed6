"""OHAUS scales and indicators."""
