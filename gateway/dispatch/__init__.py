"""Dispatch: allocation, vehicles, waves, what blocks an order, and when the gate opens."""
