"""Logs: one line of JSON on stdout, event name plus fields."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import Final

from typing_extensions import override

_OWN: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
LINE_CHARS_MAX: Final = 8_000


class JsonLines(logging.Formatter):
    """Formats a record with the fields given in `extra`."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        told |= {key: value for key, value in record.__dict__.items() if key not in _OWN}
        if record.exc_info:
            told["trace"] = "".join(traceback.format_exception(*record.exc_info))[-LINE_CHARS_MAX:]
        return json.dumps(told, ensure_ascii=False, default=str)


def configure(level: int = logging.INFO) -> None:
    """Send every logger of this process to stdout."""
    import time  # noqa: PLC0415 - the formatter wants its converter

    handler = logging.StreamHandler(sys.stdout)
    formatter = JsonLines()
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "paho", "mqtt"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
