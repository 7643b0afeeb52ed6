"""Tests of the simulated devices: fixtures."""
