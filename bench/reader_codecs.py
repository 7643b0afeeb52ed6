"""What a tag read costs from bytes to readings: each reader family's codec, one core.

`make bench NAME=reader_codecs`; bytes come in pieces as a line hands them over.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

from edge.devices.llrp.codec import codec as llrp
from edge.devices.uhf_m100.codec import codec as m100
from edge.devices.uhf_r2000.codec import codec as r2000
from edge.devices.uhf_reader18.codec import codec as reader18
from edge.devices.uhf_reader288.codec import codec as reader288
from edge.readings import TagRead

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.packets import PacketCodec

READS_COUNT: Final = 60_000
WANTED_PER_S: Final = 2_000
SERIAL_PIECE_BYTES: Final = 64
TCP_PIECE_BYTES: Final = 4_096
FRAMES: Final[dict[str, tuple[Callable[[], PacketCodec], str, int]]] = {
    "uhf_m100": (m100, "BB02220011C330003074257BF7194E4000001A85AAF94C7E", SERIAL_PIECE_BYTES),
    "uhf_reader18": (reader18, "13000101010C3074257BF7194E4000001A859382", SERIAL_PIECE_BYTES),
    "uhf_reader288": (
        reader288,
        "1500010104010C3074257BF7194E4000001A855A3B78",
        SERIAL_PIECE_BYTES,
    ),
    "uhf_r2000": (r2000, "A01301891D30003074257BF7194E4000001A8547AE", SERIAL_PIECE_BYTES),
    "llrp": (
        llrp,
        "043D000000380000004D00F0002E8D3074257BF7194E4000001A8581000286C787000E"
        "8200060A24181E400084000 60A2418221090880003".replace(" ", ""),
        TCP_PIECE_BYTES,
    ),
}


def main() -> None:
    """Print a line of JSON for each family."""
    for family, (make, frame, piece) in FRAMES.items():
        stream = bytes.fromhex(frame) * READS_COUNT
        codec, reads = make(), 0
        began_s = time.process_time()
        for at in range(0, len(stream), piece):
            reads += sum(isinstance(one, TagRead) for one in codec.feed(stream[at : at + piece]))
        spent_s = time.process_time() - began_s
        assert reads == READS_COUNT
        print(
            json.dumps(
                {
                    "family": family,
                    "read_us": round(spent_s / reads * 1e6, 2),
                    "core_ratio_at_2000_reads_s": round(spent_s / reads * WANTED_PER_S, 4),
                }
            )
        )


if __name__ == "__main__":
    main()
