"""Failures of links and devices that a driver expects (pure)."""

from __future__ import annotations


class EdgeError(Exception):
    """Something outside of the edge failed."""


class LinkLost(EdgeError, OSError):
    """A line is not there, or went away."""


class SettingsUntaken(LinkLost):
    """A port does not take the baud or the format that was asked for."""


class NoReply(EdgeError):
    """A device did not answer in time."""


class BadReply(EdgeError):
    """A device answered something that can't be the answer to what was asked."""
