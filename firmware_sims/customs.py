"""Customs: answers documents with receipts, after a while and in order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from firmware_sims.vehicle import now

if TYPE_CHECKING:
    from firmware_sims.commerce import Commerce

CUSTOMS_S: Final = 6.0
"""World seconds that customs takes for a receipt."""


class Customs:
    """Receipts that are due lie in the world's books: a restart sends them too."""

    def __init__(self, commerce: Commerce) -> None:
        self._commerce = commerce
        self._books = commerce.books
        self._hall = commerce.hall

    def take_document(self, kind: str, data: dict[str, Any]) -> None:
        """Write down the receipts of a document: they follow after a while."""
        name = str(data.get(f"{kind}_id"))
        what = str(data.get("what", ""))
        key = f"{kind}/{name}/{what}"
        if key in self._books["done_docs"] or what in {"void", "deleted"}:
            return
        self._books["done_docs"] = [*self._books["done_docs"][-500:], key]
        units = [_uri_of(one) for one in data.get("units", [])]
        steps: list[tuple[str, str, int]]
        if kind == "declaration":
            order = self._books["orders"].get(str(data.get("order_id")))
            if order is not None:
                order["units"] = units
            self._books["declared"] |= dict.fromkeys(units, name)
            steps = [(name, "declaration", 120), (name, "declaration", 800)]
        elif what == "passed":
            steps = [(name, "passport", 2)]
            aboard = self._books["passports"].pop(name, [])
            names = {self._books["declared"].pop(unit, "") for unit in aboard} - {""}
            steps += [(one, "declaration", 899) for one in sorted(names)]
        else:
            self._books["passports"][name] = units
            steps = [(name, "passport", 1)]
        self._books["receipts"] += steps
        self._hall.saved()

    async def run(self) -> None:
        """Send the receipts that are due, one after the other."""
        while True:
            if not self._books["receipts"]:
                await asyncio.sleep(0.1)
                continue
            await asyncio.sleep(CUSTOMS_S / self._hall.speed)
            document_id, document, code = self._books["receipts"][0]
            receipt_id = f"R-{document_id}-{code}"
            await self._commerce.ask(
                "customs-receipt",
                f"receipt-{receipt_id}",
                receipt_id=receipt_id,
                document=document,
                document_id=document_id,
                code=code,
                issued_at=now(),
                note="",
            )
            del self._books["receipts"][0]
            self._hall.saved()


def _uri_of(named: object) -> str:
    """Return the identity of a carton that a document names alone or with its particulars."""
    return str(named["unit"]) if isinstance(named, dict) else str(named)
