"""Alarms: what they are, how they are raised, acknowledged and cleared, and the rules behind them."""
