"""Edges and page tabs as load: they speak as the real ones do, and cost little themselves."""
