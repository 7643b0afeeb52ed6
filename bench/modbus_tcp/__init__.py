"""What reading Modbus TCP costs."""
