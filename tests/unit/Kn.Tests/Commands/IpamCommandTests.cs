using System.Text;
using Kn.Cni.Inspection;
using Kn.Hosting.Control;
using Kn.Hosting.Metrics;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Tests.Commands;

#pragma warning disable CA1001 // xunit calls IAsyncLifetime.DisposeAsync.
public sealed class IpamCommandTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private const string Show = """
        {"node":"n1","pools":[{"prefix":"10.244.1.0/24","used":1,"free":253,"cooling":2,"reserved":0}],
         "attachments":[{"addresses":["10.244.1.5","fd00::5"],"pod":"shop/web-0","container":"0123456789abcdef","interface":"eth0","network":"kn",
          "link":"kn0123456789ab","namespace":"/run/netns/x","state":"running","since":"2026-01-01T00:00:00+00:00"}]}
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("kn-ipam-command-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly ControlHandlers _handlers = new();
    private ControlRequest? _asked;
    private ControlServer? _server;
    private Task _run = Task.CompletedTask;

    private string SocketPath => Path.Combine(_directory, "kn.sock");

    public Task InitializeAsync()
    {
        _server = new ControlServer(SocketPath, _handlers, new MetricRegistry(), NullLoggerFactory.Instance, TimeProvider.System);
        _run = _server.RunAsync(_stop.Token);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _server?.Dispose();
        _stop.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Show_PrintsATable_OrTheAgentsJson()
    {
        Answer(IpamVerb.Good, Show);
        var table = await KnProcess.RunAsync(["ipam", "show", "--socket", SocketPath]);
        Assert.Equal(
            "PODCIDR        USED  FREE  COOLING  RESERVED\n10.244.1.0/24  1     253   2        0\n\n"
            + "ADDRESSES           POD         STATE    LINK            CONTAINER           SINCE\n"
            + "10.244.1.5,fd00::5  shop/web-0  running  kn0123456789ab  0123456789abc eth0  2026-01-01T00:00:00Z\n",
            table.Output);
        Assert.Equal((0, ""), (table.Exit, table.Errors));
        Assert.Equal(new KnResult(0, Show + "\n", ""), await KnProcess.RunAsync(["ipam", "show", "-o", "json", "--socket", SocketPath]));
        Assert.Equal(IpamVerb.Show, _asked!.Arguments[IpamVerb.Action]);
    }

    [Fact]
    public async Task Check_ExitsWith1_WhenAFaultIsLeft_AndPassesRepairOn()
    {
        Answer(IpamVerb.Bad, """{"node":"n1","attachments":3,"api":false,"faults":[{"kind":"cut","subject":"shop/web-0","message":"it is cut","remedy":null,"repaired":false},{"kind":"leaked","subject":"10.244.1.9","message":"nobody has it","remedy":"free it","repaired":true}]}""");
        var result = await KnProcess.RunAsync(["ipam", "check", "--repair", "--socket", SocketPath]);
        Assert.Equal(
            "FAULT   SUBJECT     WHAT           REMEDY\ncut     shop/web-0  it is cut      -\nleaked  10.244.1.9  nobody has it  done: free it\n\n"
            + "3 attachments on n1: 2 faults, 1 repaired\nthe API server is away: its pods were not compared\n",
            result.Output);
        Assert.Equal(1, result.Exit);
        Assert.Equal("true", _asked!.Arguments[IpamVerb.Repair]);
    }

    [Fact]
    public async Task Release_PassesTheAddressOn_AndExitsAsTheAgentSays()
    {
        Answer(IpamVerb.Bad, """{"address":"10.244.1.5","released":false,"message":"shop/web-0 has it"}""");
        Assert.Equal(new KnResult(1, "shop/web-0 has it\n", ""), await KnProcess.RunAsync(["ipam", "release", "10.244.1.5", "--socket", SocketPath]));
        Assert.Equal(("10.244.1.5", "false"), (_asked!.Arguments[IpamVerb.Address], _asked.Arguments[IpamVerb.Force]));
    }

    [Fact]
    public async Task Release_OfNoAddress_IsWrongUsage()
    {
        Assert.Equal(new KnResult(2, "", "kn: 'ten' is not an IP address; see kn --help\n"), await KnProcess.RunAsync(["ipam", "release", "ten", "--socket", SocketPath]));
        Assert.Null(_asked);
    }

    [Fact]
    public async Task AgentThatCannot_SaysWhy()
    {
        Answer(IpamVerb.Failed, "the agent's pod network is not running");
        Assert.Equal(new KnResult(1, "", "kn: the agent's pod network is not running\n"), await KnProcess.RunAsync(["ipam", "check", "--socket", SocketPath]));
        var away = Path.Combine(_directory, "none.sock");
        Assert.Equal(new KnResult(3, "", $"kn: no agent at {away}: is kn.service running?\n"), await KnProcess.RunAsync(["ipam", "show", "--socket", away]));
    }

    private void Answer(int exitCode, string body) => _handlers.Set(IpamVerb.Name, (request, _) =>
    {
        _asked = request;
        return Task.FromResult(new ControlResponse(exitCode, Encoding.UTF8.GetBytes(body)));
    });
}
