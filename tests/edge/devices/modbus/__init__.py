"""Register maps and what their words mean."""
