"""The address of an InfluxDB 2 as the command line takes it (pure)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit


def parse_influx_url(url: str) -> tuple[str, str, str]:
    """Return (address, org, bucket). Raises ValueError that names the form."""
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not asked.get("bucket"):
        raise ValueError(f"--influx {url!r}: give http://HOST:PORT/?org=ORG&bucket=BUCKET")
    return f"{parts.scheme}://{parts.netloc}", asked.get("org", [""])[0], asked["bucket"][0]
