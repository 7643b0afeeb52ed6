"""A gateway's seat at a database that several may share: its name is its own, and one leads.

Every transaction is safe whoever runs it: the database has one writer at a time. The leader alone
decides, publishes and tells the present, so that two views of the present don't raise and lift the
same alarm in turn. Seats are PostgreSQL's advisory locks: a gateway that dies loses them with its
connection. SQLite has no room for a second gateway, so there is no seat to take.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from functools import partial
from typing import TYPE_CHECKING, Final, Never

from sqlalchemy import NullPool, create_engine, func, select
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gateway.live import Live
    from runtime.clock import Clock

log = logging.getLogger(__name__)

CLASS: Final = 0x656E7472
"""The first key of all our locks ("entr"); the second is 0 for the lead, else of the name."""
_PATIENCE: Final = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
"""A gateway whose machine is gone keeps its locks for 11 s, not for two hours."""

PLANES: Final = ("control", "outward")
"""A leader without them would decide on a stale view, and nobody would hear of it."""
SEAT_S: Final = 0.5
LEAVE_S: Final = 3.0
RETURN_S: Final = 10.0
"""Without a broker the lead is left to others after 3 s, and taken again when none took it."""
NAME_S_MAX: Final = 15.0


class NameTaken(Exception):
    """Another gateway of that name works on this database."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"another gateway named {name} works on this database:"
            " give each a name of its own with --name NAME, and --shared to all"
        )


class Seat:
    """Blocks: call it from a thread. One at a time."""

    def __init__(self, url: str, name: str) -> None:
        self._name = name
        self._key = zlib.crc32(name.encode()) & 0x7FFFFFFF or 1
        self._engine = create_engine(
            url, poolclass=NullPool, connect_args={"options": _PATIENCE, "connect_timeout": 5}
        )
        self._connection: Connection | None = None
        self._leads = False

    def look(self, *, wants_lead: bool) -> bool:
        """Keep the name, take or leave the lead; return whether this gateway leads.

        Raises NameTaken. A database that is away makes nobody lead.
        """
        try:
            connection = self._held() or self._sit_down()
            if wants_lead and not self._leads:
                self._leads = self._try(connection, 0)
            elif self._leads and not wants_lead:
                connection.execute(select(func.pg_advisory_unlock(CLASS, 0)))
                self._leads = False
        except SQLAlchemyError:
            self._stand_up()
        return self._leads

    def close(self) -> None:
        """Leave the seat to others."""
        self._stand_up()
        self._engine.dispose()

    def _held(self) -> Connection | None:
        """Return the connection when it still lives: the locks live and die with it."""
        if self._connection is not None:
            self._connection.execute(select(1))
        return self._connection

    def _sit_down(self) -> Connection:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            is_ours = self._try(connection, self._key)
        except BaseException:
            connection.close()
            raise
        if not is_ours:
            connection.close()
            raise NameTaken(self._name)
        self._connection = connection
        return connection

    def _stand_up(self) -> None:
        self._leads = False
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    @staticmethod
    def _try(connection: Connection, key: int) -> bool:
        asked = select(func.pg_try_advisory_lock(CLASS, key))
        return bool(connection.execute(asked).scalar_one())


def is_shareable(url: str) -> bool:
    """Tell whether several gateways may work on this database."""
    return url.startswith("postgresql")


async def sit_down(seat: Seat | None, live: Live, clock: Clock) -> None:
    """Take the name, before anything is served. Raises NameTaken when it stays taken."""
    end_s = clock.mono_s() + NAME_S_MAX
    while seat is not None:
        try:
            live.leads = await asyncio.to_thread(partial(seat.look, wants_lead=True))
        except NameTaken:  # Maybe by one that was killed and is not yet given up.
            if clock.mono_s() > end_s:
                raise
            await asyncio.sleep(SEAT_S)
        else:
            return


async def keep_seat(seat: Seat | None, live: Live, clock: Clock) -> Never:
    """Keep the name and the lead; leave the lead while nobody hears this gateway."""
    heard_s = clock.mono_s()
    while True:
        now_s = clock.mono_s()
        if all(live.sessions.get(plane) == "" for plane in PLANES):
            heard_s = now_s
        # When none has a broker somebody must still raise the alarm about it.
        wants_lead = not LEAVE_S < now_s - heard_s < RETURN_S
        if seat is not None:
            led = live.leads
            try:
                live.leads = await asyncio.to_thread(partial(seat.look, wants_lead=wants_lead))
            except NameTaken:
                live.leads, live.twin_at_s = False, now_s
            if live.leads is not led:
                log.info("lead_taken" if live.leads else "lead_left")
        await asyncio.sleep(SEAT_S)
