#!/bin/sh
# What a fresh Debian 12 or 13 with the .NET 10 SDK needs for building and testing. Quick when everything is there.
set -eu
cd "$(dirname "$0")/.."

# Native linking; the kernel's own tools, which the tests ask what Kn did; real peers and clients.
packages="clang zlib1g-dev binutils
  nftables iproute2 conntrack iputils-ping iputils-arping ndisc6 procps iperf3
  dnsutils unbound nsd dnsmasq-base knot-resolver dnsperf nginx-light caddy haproxy wrk openssl socat netcat-openbsd curl jq ca-certificates nghttp2-client python3-grpcio
  bird2 frr gobgpd
  containerd podman containernetworking-plugins iptables busybox-static etcd-server xz-utils"

missing=""
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
	echo "deps: installing$missing"
	# Routers that the tests start themselves, in namespaces: as services of this machine they are not wanted.
	build/as-root.sh sh -c 'mkdir -p /etc/systemd/system; for unit in bird frr gobgpd caddy caddy-api haproxy; do
		[ -e "/lib/systemd/system/$unit.service" ] || ln -sfn /dev/null "/etc/systemd/system/$unit.service"; done'
	build/as-root.sh apt-get update -q >/dev/null
	# shellcheck disable=SC2086  # a list of words on purpose
	build/as-root.sh env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null
fi

# kubectl 1.32 or newer: Debian 13 has it; on Debian 12 it comes from Debian 13, pinned so low that nothing else does.
minor=$(kubectl version --client -o json 2>/dev/null | jq -r '.clientVersion.minor' 2>/dev/null | tr -dc 0-9)
if [ "${minor:-0}" -lt 32 ]; then
	. /etc/os-release
	if [ "${VERSION_CODENAME:-}" = bookworm ]; then
		mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
		build/as-root.sh sh -c "
			printf 'deb %s trixie main\n' '$mirror' >/etc/apt/sources.list.d/kn-kubectl.list
			printf 'Package: *\nPin: release n=trixie\nPin-Priority: 50\n' >/etc/apt/preferences.d/kn-kubectl
			apt-get update -q >/dev/null"
	fi
	echo "deps: installing kubectl"
	build/as-root.sh env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -t trixie kubectl >/dev/null
fi

[ -n "$(find out/.restored -newer Directory.Packages.props 2>/dev/null)" ] || {
	dotnet restore Kn.sln -v q
	mkdir -p out && touch out/.restored
}
