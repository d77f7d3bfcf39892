using System.Net.Sockets;
using System.Text;
using Kn.Hosting.Agent;
using Kn.Kubernetes.Tests;

namespace Kn.Hosting.Tests;

public sealed class SystemdNotifierTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kn-notify-").FullName;
    private readonly Socket _systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 30_000 };

    private string SocketPath => Path.Combine(_directory, "notify");

    public void Dispose()
    {
        _systemd.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void States_AreDatagrams()
    {
        _systemd.Bind(new UnixDomainSocketEndPoint(SocketPath));
        using var notifier = new SystemdNotifier(SocketPath, null);
        notifier.Ready("starting");
        notifier.Status("everything is in place");
        notifier.Stopping();
        Assert.Equal(["READY=1\nSTATUS=starting", "STATUS=everything is in place", "STOPPING=1"], [Receive(), Receive(), Receive()]);
        Assert.Null(notifier.PingEvery);
    }

    [Fact]
    public void AbstractName_IsReached()
    {
        var name = $"kn-notify-{Path.GetFileName(_directory)}";
        _systemd.Bind(new UnixDomainSocketEndPoint("\0" + name));
        using var notifier = new SystemdNotifier("@" + name, null);
        notifier.Ready("x");
        Assert.Equal("READY=1\nSTATUS=x", Receive());
    }

    [Fact]
    public async Task Watchdog_IsPingedTwiceInItsLimit_AndNotWhileStuck()
    {
        _systemd.Bind(new UnixDomainSocketEndPoint(SocketPath));
        var time = new FakeTime();
        var alive = true;
        using var notifier = new SystemdNotifier(SocketPath, "30000000");
        Assert.Equal(TimeSpan.FromSeconds(15), notifier.PingEvery);
        using var stop = new CancellationTokenSource();
        var asked = 0;
        var run = notifier.RunWatchdogAsync(
            () =>
            {
                asked++;
                return alive;
            },
            time,
            stop.Token);
        time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal("WATCHDOG=1", await Task.Run(Receive));
        alive = false;
        time.Advance(TimeSpan.FromSeconds(15));
        await TestContexts.UntilAsync(() => asked == 2, "it was asked again");
        alive = true;
        time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal("WATCHDOG=1", await Task.Run(Receive));
        Assert.Equal(0, _systemd.Available);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/nonexistent/notify")]
    public void WithoutSystemd_NothingHappens(string? path)
    {
        using var notifier = new SystemdNotifier(path, "30000000");
        notifier.Ready("x");
        notifier.Stopping();
        Assert.Null(notifier.PingEvery);
    }

    [Fact]
    public void SystemdThatWentAway_IsNoFault()
    {
        _systemd.Bind(new UnixDomainSocketEndPoint(SocketPath));
        using var notifier = new SystemdNotifier(SocketPath, null);
        _systemd.Dispose();
        notifier.Ready("x");
    }

    private string Receive()
    {
        var bytes = new byte[256];
        return Encoding.UTF8.GetString(bytes, 0, _systemd.Receive(bytes));
    }
}
