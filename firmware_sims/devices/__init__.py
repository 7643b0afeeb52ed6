"""The simulated devices of the hall's docks, as the edges meet them: bytes on lines and sockets."""

from firmware_sims.devices.catalogue import Device, build

__all__ = ["Device", "build"]
