"""Modbus units by register maps: a device is a file in maps/, not code."""
