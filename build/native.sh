#!/bin/sh
# Builds out/kn and out/kn-lab with native AOT. The framework is net10.0 where its native runtime pack can be
# restored, and net9.0 elsewhere; the answer is kept in out/native-framework (delete it to ask again).
set -eu
cd "$(dirname "$0")/.."
mkdir -p out/symbols
rid=linux-x64
[ "$(uname -m)" != aarch64 ] || rid=linux-arm64

if [ ! -s out/native-framework ]; then
	if dotnet restore src/Kn -r $rid -p:KnFramework=net10.0 -p:KnNative=true -v q >/dev/null 2>&1; then
		echo net10.0 >out/native-framework
	else
		echo net9.0 >out/native-framework
	fi
fi
framework=$(cat out/native-framework)
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
stamp="$framework $commit $(git status --porcelain -- src Directory.Build.props Directory.Packages.props 2>/dev/null | sha256sum | cut -c1-12) $(find src Directory.Build.props Directory.Packages.props -type f -printf '%T@ %p\n' | sort | sha256sum | cut -c1-12)"
if [ -x out/kn ] && [ -x out/kn-lab ] && [ "$(cat out/.native-stamp 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi

for program in Kn:kn Kn.Lab:kn-lab; do
	project=${program%%:*} name=${program#*:}
	dotnet publish "src/$project" -c Release -r $rid -p:KnFramework="$framework" -p:KnNative=true -o "out/publish/$name" -v q -nologo
	mv -f "out/publish/$name/$name.dbg" out/symbols/ 2>/dev/null || true
	# A new file, then a rename: the old one may be running.
	cp "out/publish/$name/$name" "out/$name.new"
	mv -f "out/$name.new" "out/$name"
	echo "built out/$name for $framework: $(stat -c %s "out/$name") bytes"
done
echo "$stamp" >out/.native-stamp
