"""Scales and weighbridges that speak MT-SICS."""
