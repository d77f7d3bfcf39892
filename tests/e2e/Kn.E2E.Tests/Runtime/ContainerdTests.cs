using Kn.E2E.Tests.Framework;
using Kn.Lab.Processes;
using Kn.Linux.Namespaces;

namespace Kn.E2E.Tests.Runtime;

/// <summary>A real container runtime with the conflist and the plugin that Kn put on the node. Needs root, containerd and busybox-static.</summary>
[Collection(OwnServerGroup.Name)]
public sealed class ContainerdTests(OwnServerLab lab)
{
    // Everything happens in a mount namespace of its own, in which the node's CNI folders are where containerd and ctr look for them.
    // nc and not wget: the resolver of Debian's static busybox crashes where the C library's modules are missing.
    // $1 work folder, $2 node's cni folder, $3 image name
    private const string Script =
        """
        set -eu
        mount --make-rprivate /
        mkdir -p /etc/cni/net.d /opt/cni/bin "$1/root" "$1/state"
        mount --bind "$2/net.d" /etc/cni/net.d
        mount --bind "$2/bin" /opt/cni/bin
        printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >"$1/config.toml"
        containerd -c "$1/config.toml" --root "$1/root" --state "$1/state" --address "$1/c.sock" >"$1/containerd.log" 2>&1 &
        daemon=$!
        # runc keeps all daemons' containers of one containerd namespace in one folder.
        space=$(basename "$1")
        ctr="ctr -a $1/c.sock -n $space"
        finish() {
            $ctr task kill -s KILL server >/dev/null 2>&1 || true
            for i in $(seq 50); do $ctr task ls -q 2>/dev/null | grep -q . || break; sleep 0.1; done
            $ctr task rm -f server >/dev/null 2>&1 || true
            $ctr container rm server >/dev/null 2>&1 || true
            kill $daemon; wait $daemon || true
            rm -rf "/run/containerd/runc/$space"
        }
        trap finish EXIT
        for i in $(seq 100); do $ctr version >/dev/null 2>&1 && break; sleep 0.1; done
        $ctr images import --snapshotter native "$1/image.tar" >/dev/null
        $ctr run -d --cni --snapshotter native "$3" server /bin/busybox httpd -f -p 8080 -h /www
        address=$($ctr task exec --exec-id ip server /bin/busybox ip -4 addr show eth0 | sed -n 's/.*inet \([0-9.]*\).*/\1/p')
        $ctr run --rm --cni --snapshotter native "$3" client /bin/busybox sh -c "printf 'GET /index.html HTTP/1.0\r\n\r\n' | /bin/busybox nc -w 10 $address 8080"
        """;

    [Fact]
    public async Task TwoContainers_AttachedByTheConflistOfKn_Talk()
    {
        var node = lab.Status.Nodes[0];
        using var inside = NetworkNamespace.OpenNamed($"{lab.Options.Name}-{node.Name}");
        Assert.Contains("hello from busybox", await TwoContainersAsync(inside, Path.Combine(node.Folder, "cni")), StringComparison.Ordinal);
    }

    /// <summary>Runs a server and a client of it with ctr.</summary>
    /// <param name="inside">The host's namespace.</param>
    /// <param name="cni">A folder with net.d and bin.</param>
    /// <returns>What the client read.</returns>
    internal static async Task<string> TwoContainersAsync(NetworkNamespace inside, string cni)
    {
        var work = Directory.CreateTempSubdirectory("kn-e2e-containerd");
        try
        {
            BusyboxImage.Write(Path.Combine(work.FullName, "image.tar"));
            using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            var result = await ProgramStart.RunAsync(
                inside,
                ["unshare", "--mount", "sh", "-c", Script, "sh", work.FullName, cni, BusyboxImage.Name],
                null,
                "",
                deadline.Token);
            Assert.True(result.ExitCode == 0, $"exit code {result.ExitCode}\n{result.Output}\n{result.Errors}");
            return result.Output;
        }
        finally
        {
            work.Delete(recursive: true);
        }
    }
}
