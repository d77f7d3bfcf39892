using System.Net;
using System.Net.Sockets;
using Kn.E2E.Tests.Services;
using Kn.Primitives;

namespace Kn.E2E.Tests.Policies;

/// <summary>Answers, errors, and connections that a change finds open. Needs root.</summary>
[Collection(PolicyGroup.Name)]
public sealed class FlowTests(PolicyLab lab)
{
    [Fact]
    [Conformance("policy", "Connections")]
    public async Task AnswersOfAllowedConnections_Pass()
    {
        await using var ingress = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: client}}}");
        await using var egress = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]}");
        await lab.ExpectAsync("yes client -> web TCP 8080", "yes far -> web UDP 8080", "yes outside -> web TCP 8080", "no web -> client TCP 8080", "no web -> outside TCP 9");
        foreach (var family in PolicyLab.Families)
        {
            Assert.Equal("web", await lab.InPod("px", "far").GetAsync(lab.Address("web", family), 8080, "/hostname", CancellationToken.None));
        }
    }

    [Fact]
    [Conformance("policy", "Connections")]
    public async Task OpenConnectionThatIsNoLongerAllowed_IsCut_AndOthersGoOn()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {}}]}]}");
        await lab.ExpectAsync("yes other -> web TCP 8080", "no outside -> web TCP 8080");
        var kept = await OpenAllAsync("client", ProtocolType.Tcp);
        OpenConnection[] cut = [.. await OpenAllAsync("other", ProtocolType.Tcp), .. await OpenAllAsync("peer", ProtocolType.Tcp), .. await OpenAllAsync("peer", ProtocolType.Udp)];
        Assert.All(await AskAsync([.. kept, .. cut]), static answer => Assert.Equal("web", answer));
        await policy.ReplaceAsync("{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]}");
        await lab.ExpectAsync("no other -> web TCP 8080", "yes client -> web TCP 8080");
        Assert.All(await AskAsync(kept), static answer => Assert.Equal("web", answer));
        Assert.All(await AskAsync(cut), static answer => Assert.Equal(RealClient.Silence, answer));
        Array.ForEach([.. kept, .. cut], static connection => connection.Dispose());
    }

    [Fact]
    [Conformance("policy", "Connections")]
    public async Task FirstPolicyOfTheCluster_CutsWhatItDoesNotAllow()
    {
        using var kept = await OpenAsync("client", IpFamily.V4, ProtocolType.Tcp);
        using var cut = await OpenAsync("other", IpFamily.V6, ProtocolType.Tcp);
        Assert.Equal(["web", "web"], await AskAsync(kept, cut));
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {}}]}]}");
        await lab.ExpectAsync("no other -> web TCP 8080", "yes client -> web TCP 8080");
        Assert.Equal(["web", RealClient.Silence], await AskAsync(kept, cut));
    }

    /// <summary>The client may be reached by nobody, and still learns that nobody listens.</summary>
    [Fact]
    [Conformance("policy", "Connections")]
    public async Task IcmpErrors_Pass()
    {
        await using var policy = await lab.PolicyAsync("px", "{podSelector: {matchLabels: {app: client}}}");
        await lab.ExpectAsync("no web -> client TCP 8080");
        foreach (var family in PolicyLab.Families)
        {
            foreach (var place in (string[])["client", "far"])
            {
                var target = new IPEndPoint(lab.Address("web", family).ToIPAddress(), 9);
                await Framework.LabFixture.UntilAsync($"{place} is told that nobody listens at {target}", async () => await IsRefusedAsync(place, target));
            }
        }
    }

    private async Task<bool> IsRefusedAsync(string place, IPEndPoint target)
    {
        using var socket = lab.Place(place).Run(() => new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        try
        {
            await socket.ConnectAsync(target, patience.Token);
            await socket.SendAsync("hello"u8.ToArray(), patience.Token);
            await socket.ReceiveAsync(new byte[100], patience.Token);
            return false;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode == SocketError.ConnectionRefused;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private Task<OpenConnection[]> OpenAllAsync(string place, ProtocolType protocol) => Task.WhenAll(PolicyLab.Families.Select(family => OpenAsync(place, family, protocol)));

    private Task<OpenConnection> OpenAsync(string place, IpFamily family, ProtocolType protocol) =>
        OpenConnection.ConnectAsync(lab.Place(place), lab.Address("web", family), 8080, protocol);

    private static Task<string[]> AskAsync(params OpenConnection[] connections) => Task.WhenAll(connections.Select(static connection => connection.AskAsync()));
}
