"""Alarms: definitions, how they are raised and cleared, and the rules behind them."""
