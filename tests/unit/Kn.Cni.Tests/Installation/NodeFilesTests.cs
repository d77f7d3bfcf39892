using System.Text.Json;
using Kn.Cni.Installation;
using Kn.Hosting.Options;

namespace Kn.Cni.Tests.Installation;

public sealed class NodeFilesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kn-files-").FullName;

    private PathOptions Paths => new() { CniConfig = _directory + "/net.d", CniPlugins = _directory + "/bin", Run = _directory + "/run" };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Conflist_NamesTheSocket_OnlyWhenItIsNotTheDefault()
    {
        using var standard = JsonDocument.Parse(Conflist.Write(new PathOptions()));
        Assert.Equal("1.0.0", standard.RootElement.GetProperty("cniVersion").GetString());
        Assert.Equal("kn", standard.RootElement.GetProperty("plugins")[0].GetProperty("type").GetString());
        Assert.False(standard.RootElement.GetProperty("plugins")[0].TryGetProperty("socket", out _));
        using var own = JsonDocument.Parse(Conflist.Write(Paths));
        Assert.Equal(_directory + "/run/kn.sock", own.RootElement.GetProperty("plugins")[0].GetProperty("socket").GetString());
    }

    [Fact]
    public void Conflist_DeclaresEveryCapability()
    {
        using var list = JsonDocument.Parse(Conflist.Write(Paths));
        var declared = list.RootElement.GetProperty("plugins")[0].GetProperty("capabilities");
        Assert.Equal(["portMappings", "bandwidth", "ips", "mac", "dns", "ipRanges"], declared.EnumerateObject().Where(static member => member.Value.GetBoolean()).Select(static member => member.Name));
    }

    [Fact]
    public void Files_AreWrittenOnce_AndRemovedWithoutATrace()
    {
        var files = new NodeFiles(Paths);
        var program = Path.Combine(_directory, "program");
        File.WriteAllBytes(program, new byte[300_000]);
        files.RemoveConflist();
        files.RemovePlugin();
        Assert.True(files.EnsurePlugin(program));
        Assert.False(files.EnsurePlugin(program));
        Assert.True(files.EnsureConflist());
        Assert.False(files.EnsureConflist());
        Assert.True(files.IsOffered(withPlugin: true));
        Assert.True(File.GetUnixFileMode(files.PluginPath).HasFlag(UnixFileMode.OtherExecute));
        var changed = new byte[300_000];
        changed[299_999] = 1;
        File.WriteAllBytes(program, changed);
        Assert.True(files.EnsurePlugin(program));
        Assert.Equal(changed, File.ReadAllBytes(files.PluginPath));
        files.RemoveConflist();
        files.RemovePlugin();
        Assert.Empty(Directory.GetFiles(Paths.CniConfig).Concat(Directory.GetFiles(Paths.CniPlugins)));
    }
}
