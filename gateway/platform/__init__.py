"""The logistics platform: requests in, answers and events out."""
