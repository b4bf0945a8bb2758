#!/usr/bin/env bash
# Installs the S3 servers that the tests here start into a directory: one that is right and two that are not.
# Needs Go, and npm, which it installs where it can.  servers.sh DIR; FLEXOR_TEST_SERVERS=DIR go test ./...
set -euo pipefail
dir=$(mkdir -p "${1:?the directory to install to}" && cd "$1" && pwd)
cd "$dir" # outside of any module
export CGO_ENABLED=0 GOBIN="$dir" GOFLAGS=-mod=mod
go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
go install github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0
if ! command -v npm > /dev/null; then
	[ "$(id -u)" = 0 ] && command -v apt-get > /dev/null || { echo "there is no npm: install it" >&2; exit 1; }
	apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends npm
fi
npm install --prefix "$dir" --no-audit --no-fund --loglevel=error s3rver@3.7.1
