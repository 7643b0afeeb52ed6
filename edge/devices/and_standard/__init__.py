"""A&D scales and indicators that send the A&D standard format."""
