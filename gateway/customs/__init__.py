"""Requests of the logistics platform and customs: parse, judge, answer."""
