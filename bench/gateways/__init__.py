"""What several gateways on one PostgreSQL take together."""
