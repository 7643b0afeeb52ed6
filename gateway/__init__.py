"""The gateway: ingest, telemetry, bonded ledger, slotting, dispatch and the page."""
