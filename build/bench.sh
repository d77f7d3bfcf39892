#!/bin/sh
# Benchmarks, as root. build/bench.sh [GROUP]; figures go to bench/results.json.
set -eu
cd "$(dirname "$0")/.."
rid=linux-x64
[ "$(uname -m)" != aarch64 ] || rid=linux-arm64
if [ ! -x out/hello ]; then
	dotnet publish bench/hello -c Release -r $rid -p:KnFramework="$(cat out/native-framework)" -p:KnNative=true -o out/publish/hello -v q -nologo
	cp out/publish/hello/hello out/hello
fi
dotnet build bench/Kn.Bench -c Release -v q -nologo
exec dotnet "out/bin/Kn.Bench/Release/net10.0/Kn.Bench.dll" "$KN_BIN_DIR" bench/results.json "$@"
