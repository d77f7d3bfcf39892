#!/bin/sh
# Runs a command as root: network namespaces, nftables and CNI need it.
if [ "$(id -u)" = 0 ]; then exec "$@"; fi
echo "root is needed for: $*" >&2
exec sudo -E "$@"
