"""Tags written by the simulated hall, against the examples that the standard prints."""

from __future__ import annotations

import pytest
from epcpy import epc_tag_uri_or_none  # type: ignore[attr-defined]
