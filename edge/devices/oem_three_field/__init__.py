"""Indicators that send state, kind and weight in three fields: CAS, A&D AD-44xx, T-Scale, Keli."""
