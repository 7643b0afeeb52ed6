"""Failures of the outbox (pure)."""

from __future__ import annotations


class OutboxError(Exception):
    """The outbox can't do what was asked."""


class DiskRefuses(OutboxError):
    """The disk is full or fails: nothing was captured."""


class ChainDamaged(OutboxError):
    """The chain's own records don't fit its rows: the file was changed from outside."""


class QueueDamaged(OutboxError):
    """The telemetry file is rotten."""


class AdoptRefused(OutboxError):
    """The ledger's head can't be adopted."""
