using System.Net.Sockets;
using Kn.Lab.LabNodes;
using Kn.Linux.Descriptors;

namespace Kn.Lab.Tests.Nodes;

/// <summary>The lab as the service manager of an agent.</summary>
public sealed class DescriptorShelfTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kn-shelf-").FullName;
    private readonly DescriptorShelf _shelf;
    private readonly Socket _agent = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public DescriptorShelfTests()
    {
        _shelf = new DescriptorShelf(Path.Combine(_folder, "notify.sock"));
        _agent.Connect(new UnixDomainSocketEndPoint(_shelf.Path));
    }

    private IEnumerable<string> Names => _shelf.Contents().Select(static descriptor => descriptor.Name);

    public void Dispose()
    {
        _agent.Dispose();
        _shelf.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task WhatIsStored_IsKept_UntilItIsRemovedOrAllIsLetGo()
    {
        using var stop = new CancellationTokenSource();
        var running = _shelf.RunAsync(stop.Token);
        using var file = File.OpenHandle("/dev/null");
        Send("READY=1\nSTATUS=starting", null);
        Send("FDSTORE=1\nFDNAME=a\nFDPOLL=0", file);
        Send("FDSTORE=1\nFDNAME=b", file);
        Send("FDSTORE=1", file);
        Send("WATCHDOG=1", file);
        Assert.Equal(["a", "b", "stored"], Names);
        Assert.All(_shelf.Contents(), static descriptor => Assert.Equal("/dev/null", new FileInfo($"/proc/{descriptor.Process}/fd/{descriptor.Number}").LinkTarget));
        Send("FDSTOREREMOVE=1\nFDNAME=a", null);
        Assert.Equal(["b", "stored"], Names);
        Send("FDSTORE=1\nFDNAME=c", file);
        _shelf.Clear();
        Assert.Empty(Names);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private void Send(string text, Microsoft.Win32.SafeHandles.SafeFileHandle? descriptor) => Assert.True(DescriptorMessage.TrySend(_agent, text, descriptor));
}
