"""Seeded faults under the edge's files: power cuts, rotten bits, a full disk, a failing disk.

`kill -9` leaves the page cache; a power cut does not. Here SQLite runs on a disk of our own that
knows what was synced, so that "captured" is tested against the disk and not against the kernel.
Run `python -m tests.faults.storage --seeds 1000` for the long form; a printed seed replays alone.
"""
