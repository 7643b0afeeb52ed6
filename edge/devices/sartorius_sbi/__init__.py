"""Sartorius and Minebea balances and indicators that speak SBI."""
