#!/bin/bash
# Runs every test project and ends with 'N passed, N failed'. Exit 1 when anything failed, when a project ran no
# test, or, in CI, when a test was skipped.
set -u
cd "$(dirname "$0")/.."
results=out/test-results
rm -rf "$results" && mkdir -p "$results"
export KN_BIN_DIR=${KN_BIN_DIR:-$PWD/out}

dotnet build Kn.sln -v q -nologo || { echo "0 passed, 1 failed"; exit 1; }

# The projects' own names say what they need: *.NetnsTests and Kn.E2E.Tests run as root.
run() { # project, command prefix…
	local project=$1 name; shift
	name=$(basename "$project" .csproj)
	"$@" dotnet test "$project" --no-build -v q --nologo --logger "trx;LogFileName=$name.trx" --results-directory "$results" >"$results/$name.log" 2>&1
	echo "$name: exit $?" >>"$results/exits"
	grep -hE '^\s*(Failed|Skipped) |error' "$results/$name.log" | head -50
}

# Two lanes: labs mostly wait, and so do peers in namespaces.
{
	for project in ${TESTS:-tests/unit/*/*.csproj}; do run "$project" env; done
	for project in ${TESTS:+/nonexistent} tests/netns/*/*.csproj; do [ -e "$project" ] && run "$project" build/as-root.sh; done
} &
others=$!
for project in ${TESTS:+/nonexistent} tests/e2e/*/*.csproj; do [ -e "$project" ] && run "$project" build/as-root.sh; done
wait $others

passed=0 failed=0 skipped=0 status=0
for trx in "$results"/*.trx; do
	counters=$(grep -o '<Counters [^>]*>' "$trx" | head -n 1)
	count() { echo "$counters" | grep -oE " $1=\"[0-9]+\"" | tr -dc 0-9; }
	total=$(count total); p=$(count passed); f=$(count failed); executed=$(count executed)
	printf '%-32s %5d passed %4d failed %4d skipped\n' "$(basename "$trx" .trx)" "$p" "$f" "$((total - executed))"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + total - executed))
done
while read -r name _ code; do
	if [ ! -s "$results/${name%:}.trx" ]; then
		echo "${name%:}: no test ran (exit $code):"; tail -n 20 "$results/${name%:}.log"; failed=$((failed + 1))
	elif [ "$code" != 0 ] && [ "$failed" = 0 ]; then
		echo "${name%:}: exit $code"; tail -n 20 "$results/${name%:}.log"; failed=$((failed + 1))
	fi
done <"$results/exits"
if [ "$skipped" != 0 ]; then
	echo "$skipped skipped"
	[ -z "${CI:-}" ] || status=1
fi
[ "$failed" = 0 ] || status=1
echo "$passed passed, $failed failed"
exit $status
