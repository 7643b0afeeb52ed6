"""Telemetry as it comes: frames in, one open batch of lines out, message by message.

What is known by heart takes the short way from packet to line: a topic that was judged before,
properties that begin as its last ones did, a body of a known shape (`gateway.telemetry.shapes`).
Everything else is read in full by `gateway.ingest.admission`, which alone says what is unusable,
and is known by heart from then on where that can be. Both ways end in the same points.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gateway.ingest.admission import Unusable, admit_telemetry
from gateway.telemetry.line_protocol import Point, line_of, series_of
from gateway.telemetry.shapes import DIGITS, T_NS_MAX, ZERO, Shape, Shapes
from runtime.mqtt_frames import PLAIN_PUBLISH, publish_of
from wire.telemetry import TELEMETRY_KINDS, read_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import mqtt5

    from gateway.telemetry.line_protocol import StorePoint

TOPICS_COUNT_MAX: Final = 20_000
"""Twice the devices that a gateway knows at most."""
SHOWN_KINDS: Final = frozenset({"environment", "bus"})
"""Of these readings the newest of each device is told apart."""
BOOTS_COUNT_MAX: Final = 2_000
SEQ_DIGITS_MAX: Final = 18
"""Longer ones are read in full, where their bound is."""
_MORE: Final = 0x80
"""In a byte of a length: another one follows."""
_USER_PROPERTY: Final = b"&"
_EXPIRY: Final = 0x02
_EXPIRY_BYTES: Final = 5
_NO_HEAD: Final = b"\xff"
_NEVER: Final = b"~"
"""Above every time: of what is not shown there is no newest."""


@dataclass(slots=True, kw_only=True)
class _Sender:
    """A topic that bore a sound reading."""

    edge: str
    kind: str
    device: str
    series: bytes
    """Measurement and tags as line protocol, but for the zone."""
    shapes: dict[bytes, Shape]
    """Of its kind, by key; of the same dictionary that learns them."""
    head: bytes = b""
    """Its user properties up to the length of the last one's value, the seq."""
    numbers: list[int] = field(default_factory=list)
    """Where its edge's seqs of this boot are gathered."""
    newest_t: bytes = b""
    """Of the open batch."""
    newest_body: bytes = b""


@dataclass(slots=True, kw_only=True)
class Batch:
    """What has come since the last batch was taken, ready for the store."""

    site: str
    times: list[bytes] = field(default_factory=list)
    """Of each point: Unix nanoseconds, nineteen digits."""
    texts: list[bytes] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    """The packets of the points."""
    bad: list[Unusable] = field(default_factory=list)
    packet_ids: list[bytes] = field(default_factory=list)
    """Of all that came, in order of arrival; two bytes each."""
    names: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """By edge and boot the seq of all that can be acknowledged by name."""
    newest: list[Point] = field(default_factory=list)
    """Of each device."""

    def __len__(self) -> int:
        """Return how many points there are."""
        return len(self.texts)

    def lines(self) -> Sequence[bytes]:
        """Return the points as line protocol."""
        return self.texts

    def points(self) -> Iterable[StorePoint]:
        """Return the points, read in full."""
        for index in range(len(self.frames)):
            yield line_of(self.site, self.point(index))

    def point(self, index: int) -> Point:
        """Return what a point was made of."""
        packet = publish_of(self.frames[index])
        found = admit_telemetry(packet.topic, packet.payload, packet.user_properties)
        assert isinstance(found, Point)
        return found

    def take_older(self, than_ns: int) -> list[Point]:
        """Take out what is older than `than_ns`."""
        limit = b"%019d" % than_ns
        if not self.times or min(self.times) >= limit:
            return []
        old = [index for index, t in enumerate(self.times) if t < limit]
        points = [self.point(index) for index in old]
        for index in reversed(old):
            del self.times[index], self.texts[index], self.frames[index]
        return points


class Intake:
    """The open batch and what is known by heart."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._open = Batch(site=site)
        self._senders: dict[bytes, _Sender] = {}
        self._numbers: dict[tuple[str, str], list[int]] = {}
        self._touched: list[_Sender] = []
        self._shapes = {kind: Shapes(kind) for kind in TELEMETRY_KINDS}

    def __len__(self) -> int:
        """Return how many messages the open batch has taken, usable or not."""
        return len(self._open.texts) + len(self._open.bad)

    def take(self) -> Batch:
        """Return the open batch and open another."""
        done, self._open = self._open, Batch(site=self._site)
        for name, numbers in self._numbers.items():
            if numbers:
                done.names[name] = numbers.copy()
                numbers.clear()
        if len(self._numbers) > BOOTS_COUNT_MAX:
            self._numbers.clear()
            self._senders.clear()
        for one in self._touched:
            fields = read_fields(one.kind, one.newest_body)
            done.newest.append(
                Point(
                    edge=one.edge, device=one.device, kind=one.kind, boot="", seq=0, fields=fields
                )
            )
            one.newest_t = one.newest_body = b""
        self._touched.clear()
        return done

    def add(self, frames: Iterable[bytes]) -> None:
        """Take publishes as they came. Raises ValueError when one can't be read as a packet."""
        senders, touched, batch = self._senders, self._touched, self._open
        add_id, add_time = batch.packet_ids.append, batch.times.append
        add_text, add_frame = batch.texts.append, batch.frames.append
        for frame in frames:
            # One screen and hardly a call: a call costs as much here as what it would name.
            try:
                start = 2 if frame[1] < _MORE else 3
                topic_end = start + 2 + (frame[start] << 8) + frame[start + 1]
                sender = senders.get(frame[start + 2 : topic_end])
                size = frame[topic_end + 2]
                if sender is None or size >= _MORE or frame[0] != PLAIN_PUBLISH:
                    self._add_in_full(frame)
                    continue
                at = topic_end + 3
                body = frame[at + size :]
                if frame[at] == _EXPIRY:
                    at += _EXPIRY_BYTES
                head = sender.head
                seq_at = at + len(head) + 1
                seq_end = seq_at + frame[seq_at - 1]
                seq = frame[seq_at:seq_end]
                rest = topic_end + 3 + size - seq_end
                shape = sender.shapes.get(body.translate(DIGITS))
            except IndexError:  # Shorter than it says: whatever it is, it is read in full.
                self._add_in_full(frame)
                continue
            if (
                shape is None
                or frame[at : seq_at - 1] != head
                or not seq.isdigit()
                or len(seq) > SEQ_DIGITS_MAX
                or (rest and (rest != _EXPIRY_BYTES or frame[seq_end] != _EXPIRY))
            ):
                self._add_in_full(frame)
                continue
            line = shape.line if shape.fixed is None else shape.variants.get(shape.fixed(body))
            if line is None or ZERO in line.heads(body):
                self._add_in_full(frame)
                continue
            told = line.cut(body)
            t = told[-1]
            if t > T_NS_MAX:
                self._add_in_full(frame)
                continue
            add_text(sender.series + line.form % told)
            add_time(t)
            add_frame(frame)
            add_id(frame[topic_end : topic_end + 2])
            sender.numbers.append(int(seq))
            if t > sender.newest_t:
                if not sender.newest_t:
                    touched.append(sender)
                sender.newest_t, sender.newest_body = t, body

    def _add_in_full(self, frame: bytes) -> None:
        packet = publish_of(frame)
        batch = self._open
        if packet.packet_id is not None:
            batch.packet_ids.append(packet.packet_id.to_bytes(2, "big"))
        found = admit_telemetry(packet.topic, packet.payload, packet.user_properties)
        if isinstance(found, Unusable):
            batch.bad.append(found)
            if found.name is not None:
                edge, boot, seq = found.name
                self._numbers_of(edge, boot).append(seq)
            return
        batch.texts.append(line_of(self._site, found).text().encode())
        batch.times.append(b"%019d" % found.fields["t_ns"])
        batch.frames.append(frame)
        sender = self._know(found, packet)
        sender.numbers.append(found.seq)
        t = batch.times[-1]
        if t > sender.newest_t:
            if not sender.newest_t:
                self._touched.append(sender)
            sender.newest_t, sender.newest_body = t, packet.payload or b""

    def _know(self, point: Point, packet: mqtt5.PublishPacket) -> _Sender:
        """Learn what a sound message tells of the next ones like it."""
        topic = packet.topic.encode()
        sender = self._senders.get(topic)
        shapes = self._shapes[point.kind]
        if sender is None:
            if len(self._senders) >= TOPICS_COUNT_MAX:
                self._senders.clear()
            sender = self._senders[topic] = _Sender(
                edge=point.edge,
                kind=point.kind,
                device=point.device,
                series=series_of(self._site, point).encode(),
                shapes=shapes.by_key,
                newest_t=b"" if point.kind in SHOWN_KINDS else _NEVER,
            )
        sender.numbers = self._numbers_of(point.edge, point.boot)
        sender.head = _head_of(packet.user_properties)
        shapes.learn(packet.payload or b"", point.fields)
        return sender

    def _numbers_of(self, edge: str, boot: str) -> list[int]:
        return self._numbers.setdefault((edge, boot), [])


def _head_of(properties: Sequence[tuple[str, str]]) -> bytes:
    """Return user properties that end in seq as they are sent, up to the length of seq's digits.

    Of properties that do not end so: what no packet begins with.
    """
    if not properties or properties[-1][0] != "seq":
        return _NO_HEAD
    told = b"".join(
        _USER_PROPERTY + b"".join(len(one).to_bytes(2, "big") + one for one in (key, value))
        for key, value in ((key.encode(), value.encode()) for key, value in properties)
    )
    return told[: -1 - len(properties[-1][1])]
