#!/usr/bin/env bash
# Build Telegraf 1.37.2 with only the plugins of the bench into the user's cache; prints its path.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/entrepot
binary=$cache/telegraf-1.37.2-modbus
if [ -x "$binary" ]; then echo "$binary"; exit 0; fi
if ! command -v go >/dev/null 2>&1; then
    echo "Telegraf is not built: it needs Go 1.26 (https://go.dev/dl), so its part is left out" >&2
    exit 3
fi
mkdir -p "$cache"
exec 3>&1 1>&2
echo "building Telegraf 1.37.2 (half a minute, and its downloads the first time)"
cd "$here"
plugins=inputs.mqtt_consumer,inputs.modbus,outputs.influxdb_v2,outputs.discard,outputs.file,parsers.json_v2,serializers.influx
go build -tags "custom,$plugins" -o "$binary.part" github.com/influxdata/telegraf/cmd/telegraf
mv "$binary.part" "$binary"
exec 1>&3
echo "$binary"
