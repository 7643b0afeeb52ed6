"""Lines to devices: bytes, reconnection, nothing of their meaning."""
