"""Who drains the backlog: our gateway's telemetry path, and Telegraf at its best setting found.

Both write the same points: measurement `environment`, tags site, edge, device and zone, the same
four fields, the time of the measurement.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Final

from bench.ingest.fill import SESSION_EXPIRY_S
from bench.ingest.gateway_child import SITE_DIR
from bench.services import ORG, TOKEN, running, telegraf, temporary_folder
from gateway.settings import load_site

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from bench.services import Broker, Influx

# Telegraf writes as soon as `metric_batch_size` messages have come, and acknowledges them after
# the write: half of what the broker leaves in flight (1,000), so that one half is read while the
# other is written. Best of the settings tried: batches of 250 to 1,000, 1,000 or 5,000 undelivered,
# one to four concurrent writes, with and without compression, json_v2 by fields and by object.
TELEGRAF: Final = """\
[agent]
  omit_hostname = true
  interval = "1s"
  flush_interval = "200ms"
  metric_batch_size = {batch_count}
  metric_buffer_limit = 100000
  quiet = true

[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{mqtt_port}"]
  topics = ["wh/v1/e/+/tlm/#"]
  client_id = "{client_id}"
  persistent_session = true
  qos = 1
  max_undelivered_messages = {undelivered_count}
  topic_tag = ""
  data_format = "json_v2"
  [inputs.mqtt_consumer.tags]
    site = "{site}"
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "wh/v1/e/+/tlm/+/+"
    measurement = "_/_/_/_/_/measurement/_"
    tags = "_/_/_/edge/_/_/device"
  [[inputs.mqtt_consumer.json_v2]]
    timestamp_path = "t_ns"
    timestamp_format = "unix_ns"
    [[inputs.mqtt_consumer.json_v2.tag]]
      path = "zone"
    [[inputs.mqtt_consumer.json_v2.field]]
      path = "clock"
      type = "string"
    [[inputs.mqtt_consumer.json_v2.field]]
      path = "quality"
      type = "string"
    [[inputs.mqtt_consumer.json_v2.field]]
      path = "temperature_c"
      type = "float"
    [[inputs.mqtt_consumer.json_v2.field]]
      path = "humidity_percent"
      type = "float"

[[outputs.influxdb_v2]]
  urls = ["{influx_url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{bucket}"
"""
UNDELIVERED_COUNT: Final = 1_000
BATCH_COUNT: Final = 500


@contextlib.contextmanager
def gateway(
    broker: Broker, influx: Influx, *, bucket: str, client_id: str, folder: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run our gateway's telemetry path, its ledger in `folder` where that is to be looked into."""
    with contextlib.ExitStack() as stack:
        folder = folder or stack.enter_context(temporary_folder("gateway"))
        argv = [sys.executable, "-m", "bench.ingest.gateway_child"]
        argv += ["--mqtt", broker.url, "--client-id", client_id, "--data", str(folder)]
        argv += ["--influx", f"{influx.url}/?org={ORG}&bucket={bucket}"]
        argv += ["--session-expiry-s", str(SESSION_EXPIRY_S)]
        with running(argv, is_quiet=False) as child:
            yield child


@contextlib.contextmanager
def telegraf_consumer(
    program: Path, broker: Broker, influx: Influx, *, bucket: str, client_id: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run Telegraf on a session and a bucket of its own."""
    config = TELEGRAF.format(
        mqtt_port=broker.port,
        client_id=client_id,
        influx_url=influx.url,
        token=TOKEN,
        org=ORG,
        bucket=bucket,
        batch_count=BATCH_COUNT,
        undelivered_count=UNDELIVERED_COUNT,
        site=load_site(SITE_DIR).site,
    )
    with telegraf(program, config) as child:
        yield child
