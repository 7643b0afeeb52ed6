#!/usr/bin/env bash
# Build InfluxDB 2.7.12 from its Go module into the user's cache; prints the binary's path.
# Debian's pkg-config and protobuf-compiler, Go 1.26 and Rust must be there (tests/services/install.sh).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/entrepot
binary=$cache/influxd-2.7.12
if [ -x "$binary" ]; then echo "$binary"; exit 0; fi
mkdir -p "$cache/bin"
exec 3>&1 1>&2
echo "building InfluxDB 2.7.12 (about 6 minutes the first time)"
cd "$here"
GOBIN="$cache/bin" go install github.com/influxdata/pkg-config@v0.2.14
# The flux library pins an older Rust and denies warnings that newer compilers added.
printf '#!/bin/sh\nexec "$@" --cap-lints warn\n' >"$cache/bin/rustc-lenient"
chmod +x "$cache/bin/rustc-lenient"
export PKG_CONFIG="$cache/bin/pkg-config" RUSTC_WRAPPER="$cache/bin/rustc-lenient"
RUSTUP_TOOLCHAIN=$(rustup show active-toolchain 2>/dev/null | cut -d' ' -f1)
export RUSTUP_TOOLCHAIN CGO_ENABLED=1
go build -tags sqlite_foreign_keys,sqlite_json -o "$binary.part" github.com/influxdata/influxdb/v2/cmd/influxd
mv "$binary.part" "$binary"
exec 1>&3
echo "$binary"
