"""Rice Lake indicators with stream format STR-1, and those that copy it (IQ355)."""
