"""The dock's PLC over Modbus TCP: photo-eyes, gate, stack light."""
