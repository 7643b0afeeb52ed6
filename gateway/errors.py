"""Reasons why the gateway can't start, each one sentence for a person."""

from __future__ import annotations


class StartRefused(Exception):
    """The gateway can't start as asked; the message says why and what to do."""


class StartFailed(Exception):
    """The gateway can't start now, for a reason that may pass: a later start may succeed."""
