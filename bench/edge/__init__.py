"""What one edge process costs with 64 serial devices and 500 Modbus TCP points."""
