"""The Modbus master against a slave that plays every fault."""
