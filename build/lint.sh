#!/bin/sh
# Compiles everything with warnings as errors and checks the formatting.
set -eu
cd "$(dirname "$0")/.."
dotnet build Kn.sln -v q -nologo
dotnet format Kn.sln --verify-no-changes --no-restore --severity warn
echo "lint: clean"
