"""Dispatch: who gets which carton, which vehicle drives, what blocks an order, when the gate opens."""
