using Kn.Cni.Inspection;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.NetnsTests.Faults;

/// <summary>A disk that is full or read-only, and podCIDRs that go while pods run. Needs root.</summary>
public sealed class DiskTests
{
    [Fact]
    public async Task FullDisk_RefusesAdds_FreesDels_AndGoesOnWhenThereIsSpace()
    {
        await using var disk = new TinyDisk();
        await using var node = new TestNode(state: disk.Path);
        await node.StartAsync();
        var (pod, _) = await node.AddAsync("c1");
        disk.Fill();
        // What is left of the journal's last block takes a few more.
        var full = await AddUntilRefusedAsync(node);
        Assert.Equal((int)CniErrorCode.InputOutput, full.Code);
        Assert.Contains("No space left", full.Message, StringComparison.Ordinal);
        var status = await node.CallAsync("STATUS", "", null);
        Assert.Equal((50, true), (status.Code, status.Message.Contains("No space left", StringComparison.Ordinal)));

        var attached = int.Parse(node.Fact("pods"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
        Assert.Equal($"{attached - 1}", node.Fact("pods"));
        await Poll.UntilAsync(() => node.Context.Metrics.ToPrometheusText().Contains($"kn_cni_addresses_used{{family=\"ipv4\"}} {attached - 1}\n", StringComparison.Ordinal));
        Assert.DoesNotContain("10.244.1.1 ", await node.LeftoversAsync(), StringComparison.Ordinal);

        disk.Empty();
        Assert.Equal(0, (await node.CallAsync("STATUS", "", null)).ExitCode);
        var again = await node.AddAsync("c1", pod);
        Assert.Equal(0, (await node.IpamAsync(IpamVerb.Check)).ExitCode);
        await node.StopAsync();
        await node.StartAsync();
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, again)).Message);
        Assert.Equal($"{attached}", node.Fact("pods"));
        await node.StopAsync();
    }

    [Fact]
    public async Task AgentThatStartsOnAFullDisk_AdoptsItsPods_AndServesDel()
    {
        await using var disk = new TinyDisk();
        await using var node = new TestNode(state: disk.Path);
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        await node.StopAsync();
        disk.Fill();
        await node.StartAsync();
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
        Assert.Equal((int)CniErrorCode.InputOutput, (await AddUntilRefusedAsync(node)).Code);
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
        disk.Empty();
        await node.StopAsync();
        await node.StartAsync();
        Assert.Equal("0", node.Fact("pods"));
        Assert.Equal("", await node.LeftoversAsync());
        await node.StopAsync();
    }

    [Fact]
    public async Task ReadOnlyState_RefusesAdds_UntilItCanBeWritten_WithoutARestart()
    {
        await using var disk = new TinyDisk();
        disk.Remount("ro");
        await using var node = new TestNode(state: disk.Path);
        await node.StartAsync();
        var pod = node.CreatePodNamespace();
        var refused = await node.CallAsync("ADD", "c1", pod);
        Assert.Equal((int)CniErrorCode.InputOutput, refused.Code);
        Assert.Contains("Read-only", refused.Message, StringComparison.Ordinal);
        Assert.Equal(50, (await node.CallAsync("STATUS", "", null)).Code);
        Assert.Equal(0, (await node.CallAsync("DEL", "c1", pod)).ExitCode);
        Assert.Equal("", await node.LeftoversAsync());
        disk.Remount("rw");
        await node.AddAsync("c1", pod);
        Assert.Equal(0, (await node.CallAsync("STATUS", "", null)).ExitCode);
        await node.StopAsync();
    }

    [Fact]
    public async Task PodCidrWithdrawn_PodsStay_AndWhenItComesBackNobodyGetsTheirAddresses()
    {
        await using var node = new TestNode { Options = new CniOptions { InstallPlugin = false, PodCidrTimeout = TimeSpan.FromMilliseconds(100) } };
        await node.StartAsync();
        var (pod, result) = await node.AddAsync("c1");
        var (second, _) = await node.AddAsync("c2");
        node.SetNode([]);
        await Poll.UntilAsync(() => !File.Exists(Path.Combine(node.Context.Node.Paths.CniConfig, "10-kn.conflist")));
        Assert.Equal(11, (await node.CallAsync("ADD", "c3", node.CreatePodNamespace())).Code);
        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
        Assert.Equal(0, (await node.CallAsync("DEL", "c2", second)).ExitCode);
        await node.StopAsync();
        var started = node.StartAsync();
        await Poll.UntilAsync(() => node.Fact("pods") == "1");
        node.SetNode([IpPrefix.Parse("10.244.1.0/29"), IpPrefix.Parse("fd00:10:244:1::/64")]);
        await started;
        for (var number = 3; number <= 7; number++)
        {
            var (_, fresh) = await node.AddAsync($"c{number}");
            Assert.NotEqual("10.244.1.1/32", (string)fresh["ips"]![0]!["address"]!);
        }

        Assert.Equal("", (await node.CallAsync("CHECK", "c1", pod, result)).Message);
        Assert.Equal((int)CniErrorCode.AddressesExhausted, (await node.CallAsync("ADD", "c8", node.CreatePodNamespace())).Code);
    }

    private static async Task<CniAnswer> AddUntilRefusedAsync(TestNode node)
    {
        for (var number = 0; number < 100; number++)
        {
            var answer = await node.CallAsync("ADD", $"more{number}", node.CreatePodNamespace());
            if (answer.ExitCode != 0)
            {
                return answer;
            }
        }

        throw new InvalidOperationException("the disk is never full");
    }

    /// <summary>A filesystem of 64 KiB.</summary>
    private sealed class TinyDisk : IAsyncDisposable
    {
        public TinyDisk() => Mount($"mount -t tmpfs -o size=64k kn-test {Path}");

        public string Path { get; } = Directory.CreateTempSubdirectory("kn-disk-").FullName;

        private string Ballast => System.IO.Path.Combine(Path, "ballast");

        public void Fill()
        {
            try
            {
                using var file = File.OpenWrite(Ballast);
                while (true)
                {
                    file.Write(new byte[4096]);
                    file.Flush();
                }
            }
            catch (IOException)
            {
                // Full, as wanted.
            }
        }

        public void Empty() => File.Delete(Ballast);

        public void Remount(string mode) => Mount($"mount -o remount,{mode} {Path}");

        public async ValueTask DisposeAsync()
        {
            await Run.TextAsync($"umount -l {Path}");
            Directory.Delete(Path);
        }

        private static void Mount(string command)
        {
            var words = command.Split(' ');
            using var process = System.Diagnostics.Process.Start(words[0], words[1..]);
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }
    }
}
