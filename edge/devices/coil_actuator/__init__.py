"""Gates, barriers, diverters and lights on coils: they fall back to a safe state by themselves."""
