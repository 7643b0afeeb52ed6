"""The line time that a bus's polls need, against numbers worked out by hand."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from edge.modbus.pdu import read
from edge.modbus.plan import bus_plan, request_s
from edge.modbus.timing import LineTiming
from edge.settings import Bus
from edge.site_file import load_edge
from entrepot.check import check, plans
from runtime.settings import SettingsRefused
from tests.entrepot.sites import spoilt

if TYPE_CHECKING:
    from pathlib import Path

PROBE = read(1, "input", 1, 2)


def test_one_poll_of_an_xy_md02_at_9600_baud() -> None:
    """8 + 9 bytes of 10 bits: 17.7 ms; a silence of 3.65 ms; 10 ms for the unit: 31.4 ms."""
    assert request_s(PROBE, LineTiming(baud=9600)) == pytest.approx(0.0314, abs=1e-4)


@pytest.mark.parametrize(("form", "bits"), [("8N1", 10), ("8N2", 11), ("8E1", 11), ("8O1", 11)])
def test_parity_and_a_second_stop_bit_cost_a_bit(form: str, bits: int) -> None:
    """With 11 bits t3.5 is 4.01 ms at 9600."""
    timing = LineTiming(baud=9600, form=form)
    assert timing.character_bits == bits
    assert timing.silence_s == pytest.approx(3.5 * bits / 9600)


def test_fast_lines_keep_the_silence_that_the_standard_fixes() -> None:
    """At 115,200 baud 3.5 characters would be 0.3 ms; the standard says 1.75 ms."""
    assert LineTiming(baud=115_200).silence_s == 0.00175


def test_polls_add_up_and_tcp_has_no_plan() -> None:
    """Two units twice a second are four polls a second."""
    bus = Bus.model_validate({"id": "b", "port": "dev/b", "baud": 19_200})
    plan = bus_plan(bus, [([PROBE], 0.5)] * 2)
    assert plan is not None
    assert plan.ratio == pytest.approx(4 * request_s(PROBE, LineTiming(baud=19_200)))
    assert plan.requests_per_s == 4
    tcp = Bus.model_validate({"id": "b", "port": "tcp://h:502", "framing": "tcp"})
    assert bus_plan(tcp, [([PROBE], 0.5)]) is None


def test_a_plan_above_the_lines_time_is_refused_and_a_nearly_full_one_warned_of(
    tmp_path: Path,
) -> None:
    """A bus that can't keep up would poll every unit late, and nobody would know why."""
    site = spoilt(tmp_path, "edge-dock-1.toml")
    path = site / "edge-dock-1.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("baud = 19200", "baud = 2400"), encoding="utf-8")
    (fault,) = check(site)
    assert fault.key == "buses.bus-1"
    assert "% of the line's time" in fault.message
    path.write_text(text.replace("poll_s = 0.5", "poll_s = 0.12"), encoding="utf-8")
    assert check(site) == []
    assert any("nearly full" in line for line in plans(site) if "dock-1" in line)


def test_what_is_used_is_told_beside_the_plan(tmp_path: Path) -> None:
    """A technician compares; an edge that does not run is left out."""

    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"buses": {"bus-1": {"utilisation_ratio": 0.42}, "bus-9": {}}}'
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, *_: object) -> None:
            pass

    site = spoilt(tmp_path, "edge-dock-1.toml")
    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "run").mkdir()
        address = f"127.0.0.1:{server.server_port}"
        (tmp_path / "run" / "edge-dock-1.http").write_text(address, encoding="ascii")
        first, second = plans(site, tmp_path)
        server.shutdown()
    assert "42% in use now" in first
    assert "in use" not in second


def test_an_edge_does_not_start_on_a_plan_that_cannot_be(tmp_path: Path) -> None:
    """Whoever did not run `entrepot check` is told at the start, and at a change of the file."""
    site = spoilt(tmp_path, "edge-dock-1.toml", ("baud = 19200", "baud = 2400"))
    with pytest.raises(SettingsRefused, match="of the line's time"):
        load_edge(site, "dock-1")
