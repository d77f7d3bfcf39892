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
if [ ! -x out/bgp-speaker ] || [ -n "$(find src/Kn.Bgp src/Kn.Primitives bench/bgp-speaker -name '*.cs' -newer out/bgp-speaker | head -n 1)" ]; then
	dotnet publish bench/bgp-speaker -c Release -r $rid -p:KnFramework="$(cat out/native-framework)" -p:KnNative=true -o out/publish/bgp-speaker -v q -nologo
	cp out/publish/bgp-speaker/bgp-speaker out/bgp-speaker
fi
dotnet build bench/Kn.Bench -c Release -v q -nologo
exec dotnet "out/bin/Kn.Bench/Release/net10.0/Kn.Bench.dll" "$KN_BIN_DIR" bench/results.json "$@"
