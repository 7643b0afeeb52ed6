"""The edge daemon: devices in, normalised events out, nothing forgotten in between."""
