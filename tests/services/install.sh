#!/usr/bin/env bash
# Install the real services that the tests use: Debian packages, and InfluxDB built as a Go module.
# On a desk without root or Go it says what is missing and goes on: those tests skip, with the reason.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
missing=0

need() {  # need COMMAND PACKAGE...
    command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] && return
    packages+=("${@:2}")
}

packages=()
need mosquitto mosquitto mosquitto-clients
need socat socat
need mbpoll mbpoll
need chromium chromium fonts-noto-cjk
need docker-compose docker-compose
need protoc protobuf-compiler
need pkg-config pkg-config
[ -x /usr/lib/postgresql/15/bin/initdb ] || command -v initdb >/dev/null 2>&1 || packages+=(postgresql)
[ -e /usr/include/modbus/modbus.h ] || packages+=(libmodbus-dev)
if [ ${#packages[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "services: installing ${packages[*]}"
        export DEBIAN_FRONTEND=noninteractive
        apt-get -o DPkg::Lock::Timeout=300 update -q >/dev/null && apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends "${packages[@]}" >/dev/null || missing=1
    else
        echo "services: not there: ${packages[*]} (install them with apt-get, as root)"
        missing=1
    fi
fi
if command -v go >/dev/null 2>&1 && command -v cargo >/dev/null 2>&1; then
    echo "services: InfluxDB at $("$here/influxd/build.sh")" || missing=1
else
    echo "services: InfluxDB needs Go 1.26 and Rust to be built: its tests will be skipped"
    missing=1
fi
if [ "$missing" = 1 ] && [ "${CI:-}" = true ]; then
    echo "services: something is missing, and CI must not skip it" >&2
    exit 1
fi
exit 0
