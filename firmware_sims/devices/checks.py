"""Checksums of the simulated protocols, written bit by bit from their definitions (pure)."""

from __future__ import annotations


def crc16_reflected(data: bytes) -> int:
    """Return the CRC with init 0xFFFF, reflected polynomial 0x8408, no final xor (MCRF4XX).

    Source: UHFReader18 manual V2.0; the UHFReader288 family uses the same one.
    """
    return _crc16_lsb_first(data, 0x8408)


def crc16_modbus(data: bytes) -> int:
    """Return the CRC with init 0xFFFF, reflected polynomial 0xA001; low byte goes first.

    Source: Modbus over serial line V1.02, 6.2.2.
    """
    return _crc16_lsb_first(data, 0xA001)


def crc16_tag(data: bytes) -> int:
    """Return a Gen2 tag's CRC over PC and EPC: polynomial 0x1021, init and final xor 0xFFFF."""
    register = 0xFFFF
    for byte in data:
        register ^= byte << 8
        for _ in range(8):
            register = (register << 1) ^ (0x1021 if register & 0x8000 else 0)
            register &= 0xFFFF
    return register ^ 0xFFFF


def _crc16_lsb_first(data: bytes, polynomial: int) -> int:
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (polynomial if register & 1 else 0)
    return register
