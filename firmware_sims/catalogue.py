"""The goods of the simulated merchant, and what they weigh (data)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from firmware_sims.epc import gtin14

COMPANY: Final = "0614141"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsKind:
    """One goods; value and mass of a carton."""

    goods_id: str
    item: str
    en: str
    zh: str
    hs_code: str
    mass_g: int
    value: int
    zone: str
    is_sold: bool = True

    def request(self) -> dict[str, Any]:
        """Return the fields of the request `goods`."""
        return {
            "goods_id": self.goods_id,
            "gtin": gtin14(COMPANY, self.item),
            "name": {"en": self.en, "zh": self.zh},
            "hs_code": self.hs_code,
            "book_line": f"line-{self.goods_id}",
            "carton": {
                "mass_g": self.mass_g,
                "tolerance_ratio": 0.02,
                "length_mm": 400,
                "width_mm": 300,
                "height_mm": 300,
            },
            "zone": self.zone,
            "dangerous_goods_class": None,
            "duty_ratio": 0.091,
        }


GOODS: Final = (
    GoodsKind(
        goods_id="milk-powder", item="110001", en="Infant milk powder", zh="婴儿奶粉",
        hs_code="1901101000", mass_g=7_400, value=128_000, zone="ambient",
    ),
    GoodsKind(
        goods_id="face-cream", item="110002", en="Face cream", zh="面霜",
        hs_code="3304990029", mass_g=5_200, value=210_000, zone="ambient",
    ),
    GoodsKind(
        goods_id="coffee", item="110003", en="Roasted coffee", zh="烘焙咖啡",
        hs_code="0901210000", mass_g=6_800, value=64_000, zone="ambient",
    ),
    GoodsKind(
        goods_id="chocolate", item="110004", en="Dark chocolate", zh="黑巧克力",
        hs_code="1806320000", mass_g=8_100, value=72_000, zone="cool",
    ),
    GoodsKind(
        goods_id="probiotic", item="110005", en="Probiotic sachets", zh="益生菌",
        hs_code="2106909090", mass_g=4_600, value=156_000, zone="cool",
    ),
    GoodsKind(
        goods_id="show-sample", item="110006", en="Show samples, not for sale", zh="展示样品",
        hs_code="3304990029", mass_g=5_600, value=90_000, zone="ambient", is_sold=False,
    ),
)  # fmt: skip
BY_ID: Final = {one.goods_id: one for one in GOODS}
EMPTY_PALLET_G: Final = 22_000
TRUCK_TARE_G: Final = 2_860_000
CARRIERS: Final = ("carrier-air", "carrier-road")
OWNER: Final = "merchant-1"
