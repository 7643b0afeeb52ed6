"""Tags written by the simulated hall, against the examples that the standard prints."""

from __future__ import annotations
