"""Climate sensors on an RS-485 bus, as register maps: data, not code."""
