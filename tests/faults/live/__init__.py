"""Live faults: the real edge and gateway behind wires that break and parts that die, by seed."""
