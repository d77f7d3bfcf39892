#!/bin/sh
# What a native binary is made of: its sections, then the sizes of its symbols by assembly and by namespace.
#   build/size.sh [symbols, out/symbols/kn.dbg] [how many namespaces, 20]
# A symbol reaches to the next one. Generic code and types count for the type that is generic (a Dictionary of our keys is System's), and what
# is shared by several counts for the first name. Unwinding tables (.eh_frame) have no symbols; they grow with the number of methods.
set -eu
cd "$(dirname "$0")/.."
symbols=${1:-out/symbols/kn.dbg}
if [ ! -f "$symbols" ]; then
	echo "$symbols: no such file; 'make build' writes it" >&2
	exit 1
fi

echo "Sections, bytes"
readelf -SW "$symbols" 2>/dev/null | sed -n 's/^ *\[ *[0-9]*\] *//p' | awk '$7 ~ /A/ && $1 !~ /bss/ { print $1, "0x" $5 }' |
	while read -r name size; do echo "$((size)) $name"; done | sort -rn | head -8

# What begins as zeros has no bytes in the file. (In a file of symbols all data looks like that to nm.)
zeros=$(readelf -SW "$symbols" 2>/dev/null | awk '/ \.bss /{ for (i = 1; i < NF; i++) { if ($i == ".bss") { print "0x" $(i + 2) } } }')

# Decorations of the compiler's names: method tables, statics, dictionaries, exception tables.
nm -n -t d "$symbols" 2>/dev/null | awk -v zeros="$((zeros))" '
	function count(name, size,   assembly, words, many, i) {
		if (name ~ /^__Str_/) { assemblies["(text of the program)"] += size; return }
		while (sub(/^(unbox_|Boxed_|_lsda[0-9]+|_ZTV[0-9]+|__writableData|__[A-Z]*STATICSS?|__ehinfo_|__(GenericDict|GenericInstance|InterfaceDispatchMap|InterfaceDispatchCell|SealedVTable|RuntimeType|FrozenObj|readonlydata)_)/, "", name)) { }
		sub(/<.*/, "", name)
		sub(/__.*/, "", name)
		sub(/_[0-9]+$/, "", name)
		many = split(name, words, "_")
		if (match(name, /^S_P_[A-Za-z]+_/)) {
			assembly = substr(name, 1, RLENGTH - 1)
		} else {
			# An assembly is named before the full name of the type, which most often begins as the assembly does.
			assembly = ""
			for (i = 2; i <= many && assembly == ""; i++) {
				if (words[i] == words[1]) {
					assembly = words[1]
					for (i = 2; words[i] != words[1]; i++) { assembly = assembly "_" words[i] }
				}
			}
			if (assembly == "") { assemblies["(native code, metadata, and what has no assembly in its name)"] += size; return }
		}
		assemblies[assembly] += size
		sub(/_[^_]*$/, "", name)
		namespaces[substr(name, length(assembly) + 2)] += size
	}
	{ name = $3; for (i = 4; i <= NF; i++) { name = name $i } }
	$1 != at { if (at != "" && at + 0 < zeros && $1 - at < 1000000) { count(first, $1 - at) } at = $1; first = name }
	END {
		for (one in assemblies) { print "assembly", assemblies[one], one }
		for (one in namespaces) { print "namespace", namespaces[one], one }
	}' | sort -k1,1 -k2,2rn >"$symbols.sizes"
echo
echo "Assemblies, bytes"
sed -n 's/^assembly //p' "$symbols.sizes" | head -25
echo
echo "Namespaces, bytes"
sed -n 's/^namespace //p' "$symbols.sizes" | head -"${2:-20}"
rm -f "$symbols.sizes"
