"""InfluxDB 2 through influxdb-client's write API, fed with ready line protocol.

A write answered 400, 413 or 422 holds a bad point: it is looked for where the answer points to,
else by halving. Everything else is retried for ever, one batch in memory.
"""

from __future__ import annotations

import asyncio
import csv
import io
import logging
from typing import TYPE_CHECKING, Final

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from gateway.telemetry.influx_url import parse_influx_url
from gateway.telemetry.ports import Sample
from gateway.telemetry.refusals import Refusal
from runtime.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr

    from gateway.telemetry.ports import Points

log = logging.getLogger(__name__)

BAD_POINT: Final = frozenset({400, 413, 422})
WRITE_MS_MAX: Final = 10_000
BATCH_POINTS_MAX: Final = 5_000
WHY_CHARS_MAX: Final = 500
AWAY_S_MAX: Final = 1.0
"""Between two tries, however long the store is away: the house is live again soon after it."""


class InfluxStore:
    """Points in a bucket."""

    def __init__(self, url: str, token: SecretStr) -> None:
        address, self._org, self._bucket = parse_influx_url(url)
        self._client = InfluxDBClient(
            url=address, token=token.get_secret_value(), org=self._org, timeout=WRITE_MS_MAX
        )
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)
        self._written_count = 0
        self.is_away = False

    async def write(self, points: Points) -> list[tuple[int, str]]:
        """Write points; return (index, reason) of each that InfluxDB refuses for good."""
        refused: list[tuple[int, str]] = []
        lines = list(enumerate(points.lines()))
        for first in range(0, len(lines), BATCH_POINTS_MAX):
            refused += await self._find(lines[first : first + BATCH_POINTS_MAX])
        return refused

    async def _find(self, lines: Sequence[tuple[int, bytes]]) -> list[tuple[int, str]]:
        """Write numbered lines; return (number, reason) of each that is refused."""
        refusal = await self._write_once([line for _, line in lines])
        if refusal is None:
            return []
        dropped_count = refusal.dropped_count
        if len(lines) == 1 or dropped_count == len(lines):
            return [(index, refusal.why) for index, _ in lines]
        first, second = refusal.parts(lines)
        found = await self._find(first)
        # What was not dropped is written: the second part need not be sent for that.
        if len(found) != dropped_count:
            found += await self._find(second)
        return found

    async def _write_once(self, lines: Sequence[bytes]) -> Refusal | None:
        """Write until InfluxDB answers; return why the batch is bad, or None when it is written."""
        backoff = Backoff(first_s=0.25, limit_s=AWAY_S_MAX)
        while True:
            try:
                await asyncio.to_thread(self._post, lines)
            except ApiException as error:
                if error.status in BAD_POINT:
                    why = f"{error.status}: {str(error.body or error.reason)[:WHY_CHARS_MAX]}"
                    return Refusal(why, error.status)
                reason = f"answer {error.status}"
            except (OSError, urllib3.exceptions.HTTPError) as error:
                reason = type(error).__name__
            else:
                if self.is_away:
                    log.warning("influx_back")
                self.is_away = False
                self._written_count += len(lines)
                return None
            if not self.is_away:
                log.warning("influx_away", extra={"reason": reason})
            self.is_away = True
            await asyncio.sleep(backoff.next_delay_s())

    def _post(self, lines: Sequence[bytes]) -> None:
        self._writer.write(
            bucket=self._bucket,
            org=self._org,
            record=b"\n".join(lines),
        )

    async def count(self) -> int:
        """Return how many points the bucket holds: one field of each measurement is counted."""
        flux = (
            f'from(bucket: "{self._bucket}") |> range(start: 0) |> filter(fn: (r) =>'
            ' r._field == "clock") |> group() |> count() |> keep(columns: ["_value"])'
        )
        try:
            rows = await asyncio.to_thread(self._query, flux)
        except (ApiException, OSError, urllib3.exceptions.HTTPError):
            return self._written_count
        return sum(int(row["_value"]) for row in rows)

    async def series(
        self, *, zone: str, field: str, since_ns: int, until_ns: int, samples_count: int
    ) -> list[Sample]:
        """Return a zone's climate value, one mean for each of `samples_count` spans."""
        every_s = max(1, (until_ns - since_ns) // max(1, samples_count) // 1_000_000_000)
        flux = (
            f'from(bucket: "{self._bucket}")'
            f" |> range(start: time(v: {since_ns}), stop: time(v: {until_ns}))"
            f' |> filter(fn: (r) => r._measurement == "environment" and r.zone == "{zone}"'
            f' and r._field == "{field}") |> group()'
            f" |> window(every: {every_s}s) |> reduce(identity: {{n: 0.0, sum: 0.0, low: 1e9,"
            " high: -1e9}, fn: (r, accumulator) => ({n: accumulator.n + 1.0,"
            " sum: accumulator.sum + r._value, low: if r._value < accumulator.low then r._value"
            " else accumulator.low, high: if r._value > accumulator.high then r._value else"
            " accumulator.high})) |> map(fn: (r) => ({r with t: int(v: r._start)}))"
        )
        try:
            rows = await asyncio.to_thread(self._query, flux)
        except (ApiException, OSError, urllib3.exceptions.HTTPError):
            return []
        return [
            Sample(
                t_ns=int(row["t"]),
                mean=float(row["sum"]) / float(row["n"]),
                low=float(row["low"]),
                high=float(row["high"]),
            )
            for row in rows
        ]

    async def times(
        self, *, since_ns: int, until_ns: int, count_max: int
    ) -> dict[tuple[str, str], list[int]]:
        """Return by (edge, device) when it measured, ascending, at most `count_max` in all."""
        flux = (
            f'from(bucket: "{self._bucket}")'
            f" |> range(start: time(v: {since_ns}), stop: time(v: {until_ns}))"
            ' |> filter(fn: (r) => r._field == "clock" and r._measurement != "bus")'
            " |> map(fn: (r) => ({edge: r.edge, device: r.device, t: int(v: r._time)}))"
            f' |> group() |> sort(columns: ["t"], desc: true) |> limit(n: {count_max})'
        )
        try:
            rows = await asyncio.to_thread(self._query, flux)
        except (ApiException, OSError, urllib3.exceptions.HTTPError):
            return {}
        found: dict[tuple[str, str], list[int]] = {}
        for row in reversed(rows):
            found.setdefault((row["edge"], row["device"]), []).append(int(row["t"]))
        return found

    def _query(self, flux: str) -> list[dict[str, str]]:
        text = self._client.query_api().query_raw(flux, org=self._org).data.decode()
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        return list(csv.DictReader(io.StringIO("\n".join(lines))))

    async def prune(self, before_ns: int) -> int:
        """Leave it to the bucket's own retention."""
        assert before_ns > 0
        return 0

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.to_thread(self._client.close)
