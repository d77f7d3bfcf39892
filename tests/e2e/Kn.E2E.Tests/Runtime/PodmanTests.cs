using Kn.E2E.Tests.Framework;
using Kn.Lab.Processes;
using Kn.Linux.Namespaces;

namespace Kn.E2E.Tests.Runtime;

/// <summary>Debian's podman with its CNI back end on networks without an agent. Needs root, podman, runc and busybox-static.</summary>
public sealed class PodmanTests
{
    // A mount namespace of its own, in which the plugin and its reservations are where podman looks for them by default. runc, because crun
    // refuses machines whose cgroups are of both versions; limits stated, because podman's defaults may be above those of the caller.
    // $1 work folder, $2 kn
    private const string Setup =
        """
        set -eu
        mount --make-rprivate /
        work=$1
        mkdir -p "$work/cni" "$work/bin" "$work/net.d" "$work/rootfs/bin" "$work/rootfs/www" "$work/rootfs/proc" "$work/rootfs/sys" "$work/rootfs/dev" "$work/rootfs/etc" "$work/rootfs/tmp" "$work/rootfs/run"
        mkdir -p /var/lib/cni
        mount --bind "$work/cni" /var/lib/cni
        cp "$2" "$work/bin/kn"
        cat >"$work/containers.conf" <<EOF
        [engine]
        cgroup_manager = "cgroupfs"
        events_logger = "file"
        lock_type = "file"
        runtime = "runc"
        tmp_dir = "$work/tmp"
        [network]
        network_backend = "cni"
        cni_plugin_dirs = ["$work/bin", "/usr/lib/cni"]
        network_config_dir = "$work/net.d"
        [containers]
        default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
        log_driver = "k8s-file"
        EOF
        cat >"$work/storage.conf" <<EOF
        [storage]
        driver = "vfs"
        runroot = "$work/run"
        graphroot = "$work/root"
        EOF
        export CONTAINERS_CONF="$work/containers.conf" CONTAINERS_STORAGE_CONF="$work/storage.conf"
        cp /bin/busybox "$work/rootfs/bin/"
        echo "hello from podman" >"$work/rootfs/www/index.html"
        image=localhost/kn-busybox:e2e
        tar -C "$work/rootfs" -c . | podman import -q - $image >/dev/null
        trap 'podman rm -f -t 0 -a >/dev/null 2>&1 || true' EXIT
        get() { printf 'GET /index.html HTTP/1.0\r\n\r\n' | busybox nc -w 20 "$1" "$2" | tail -n 1; }
        ip link set lo up
        ip link add up0 type dummy 2>/dev/null || ip link add up0 type bridge
        ip addr add 192.0.2.1/24 dev up0
        ip link set up0 up
        """;

    private const string TwoContainers =
        """

        podman run -d --name server --network mynet -p 8080:80 $image /bin/busybox httpd -f -p 80 -h /www >/dev/null
        address=$(podman inspect -f '{{.NetworkSettings.Networks.mynet.IPAddress}}' server)
        echo "address=$address"
        echo "container: $(podman run --rm --network mynet $image /bin/busybox sh -c "printf 'GET /index.html HTTP/1.0\r\n\r\n' | /bin/busybox nc -w 20 $address 80" | tail -n 1)"
        echo "host: $(get $address 80)"
        echo "published: $(get 192.0.2.1 8080)"
        echo "loopback: $(get 127.0.0.1 8080)"
        podman run --rm --network mynet $image /bin/busybox ping -c 1 -W 20 192.0.2.1 >/dev/null
        podman restart -t 0 server >/dev/null
        echo "restarted: $(get 192.0.2.1 8080)"
        podman rm -f -t 0 server >/dev/null
        echo "links: $(ip -o link | grep -c ': k[np]' || true)"
        echo "tables: $(nft list tables | grep -c kn || true)"
        echo "reservations: $(ls /var/lib/cni/networks/mynet | grep -c '^[0-9]' || true)"
        """;

    public static TheoryData<string, string> Networks() => new()
    {
        {
            "the old configuration, as a list without a version",
            """{"name":"mynet","plugins":[{"type":"kn","capabilities":{"portMappings":true},"ipam":{"type":"host-local","subnet":"10.10.0.0/16"}}]}"""
        },
        {
            "a list, as podman writes it for a bridge",
            """
            {"cniVersion":"0.4.0","name":"mynet","plugins":[
              {"type":"kn","bridge":"cni-podman7","isGateway":true,"ipMasq":true,"hairpinMode":true,
               "ipam":{"type":"host-local","routes":[{"dst":"0.0.0.0/0"}],"ranges":[[{"subnet":"10.10.0.0/16","gateway":"10.10.0.1"}]]},
               "capabilities":{"ips":true,"mac":true}},
              {"type":"portmap","capabilities":{"portMappings":true}},
              {"type":"tuning"}]}
            """
        },
        {
            "a bridge with ports by Kn",
            """
            {"cniVersion":"1.0.0","name":"mynet","plugins":[
              {"type":"kn","attachment":"bridge","ipam":{"type":"host-local","subnet":"10.10.0.0/16"},"capabilities":{"portMappings":true}}]}
            """
        },
    };

    [Theory]
    [MemberData(nameof(Networks))]
    public async Task Containers_TalkAndPublishPorts_AndLeaveNothing(string name, string network)
    {
        var output = await RunAsync(Setup + TwoContainers, network);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.NotEmpty(name);
        // Results of the first version name no interface, and podman then shows no address: with the reference plugins, too.
        var hasAddress = network.Contains("cniVersion", StringComparison.Ordinal);
        Assert.Contains(hasAddress ? "address=10.10.0.2" : "address=", lines);
        foreach (var who in hasAddress ? (string[])["container", "host", "published", "loopback", "restarted"] : ["published", "loopback", "restarted"])
        {
            Assert.Contains($"{who}: hello from podman", lines);
        }

        Assert.Contains("links: 0", lines);
        Assert.Contains("tables: 0", lines);
        Assert.Contains("reservations: 0", lines);
    }

    private static async Task<string> RunAsync(string script, string network)
    {
        var work = Directory.CreateTempSubdirectory("kn-e2e-podman");
        var name = $"kp{Guid.NewGuid():N}"[..12];
        using var host = NetworkNamespace.Create(name);
        try
        {
            var folder = work.CreateSubdirectory("net.d").FullName;
            await File.WriteAllTextAsync(Path.Combine(folder, "mynet.conflist"), network);
            using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
            var result = await ProgramStart.RunAsync(host, ["unshare", "--mount", "sh", "-c", script, "sh", work.FullName, Binaries.Kn], null, "", deadline.Token);
            Assert.True(result.ExitCode == 0, $"exit code {result.ExitCode}\n{result.Output}\n{result.Errors}");
            return result.Output;
        }
        finally
        {
            NetworkNamespace.Remove(name);
            work.Delete(recursive: true);
        }
    }
}
