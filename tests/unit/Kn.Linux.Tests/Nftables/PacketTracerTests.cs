using Kn.Linux.Nftables;
using Kn.Linux.Nftables.Expressions;
using Kn.Linux.Nftables.Text;
using Kn.Linux.Nftables.Tracing;
using Kn.Primitives;

namespace Kn.Linux.Tests.Nftables;

public sealed class PacketTracerTests
{
    private const string Pod = "10.244.2.99";
    private const string Outside = "198.51.100.7";
    private static readonly NftTable Table = ServiceExample.Build();

    [Theory]
    [InlineData("10.244.2.99", "10.96.0.10", 6, 80, 0, "10.244.1.2", 8080)]
    [InlineData("10.244.2.99", "10.96.0.10", 6, 80, 2, "10.244.2.11", 8080)]
    [InlineData("fd00:244:2::99", "fd00:96::10", 6, 80, 1, "fd00:244:2::10", 8080)]
    [InlineData("10.244.2.99", "10.96.0.53", 17, 53, 1, "10.244.2.11", 5353)]
    [InlineData("198.51.100.7", "203.0.113.10", 6, 80, 0, "10.244.1.2", 8080)]
    [InlineData("198.51.100.7", "192.168.50.1", 6, 30080, 0, "10.244.1.2", 8080)]
    public void KnownVip_LeadsToAnEndpoint(string source, string vip, byte protocol, ushort port, uint choice, string endpoint, ushort endpointPort)
    {
        var result = Trace("prerouting", Packet(source, vip, protocol, port), choice);

        Assert.Equal(NftVerdictKind.Accept, result.Verdict);
        Assert.Equal((IpAddress.Parse(endpoint), endpointPort), (result.DnatAddress, result.DnatPort));
    }

    [Theory]
    [InlineData(Pod, "10.96.0.99", 80, RejectKind.TcpReset)]
    [InlineData(Pod, "10.96.0.10", 81, RejectKind.TcpReset)]
    [InlineData(Pod, "10.96.7.7", 80, null)]
    [InlineData("192.0.2.200", "203.0.113.10", 80, null)]
    public void WhatNobodyServes_IsRefusedOrDropped(string source, string vip, ushort port, RejectKind? rejected)
    {
        var result = Trace("prerouting", Packet(source, vip, 6, port));

        Assert.Equal((NftVerdictKind.Drop, rejected), (result.Verdict, result.Rejected));
    }

    [Fact]
    public void OtherTraffic_PassesUntouched()
    {
        var result = Trace("prerouting", Packet(Pod, "192.0.2.1", 6, 443));

        Assert.Equal(NftVerdictKind.Accept, result.Verdict);
        Assert.Null(result.DnatAddress);
        Assert.Equal(["prerouting", "services4"], result.Path);
    }

    [Fact]
    public void Affinity_KeepsTheEndpointOfAClient()
    {
        uint choice = 1;
        var tracer = new PacketTracer(Table, _ => choice);
        var first = tracer.Trace("prerouting", Packet(Pod, "10.96.0.53", 17, 53));
        choice = 0;

        Assert.Equal(first.DnatAddress, tracer.Trace("prerouting", Packet(Pod, "10.96.0.53", 17, 53)).DnatAddress);
        Assert.NotEqual(first.DnatAddress, tracer.Trace("prerouting", Packet("10.244.2.98", "10.96.0.53", 17, 53)).DnatAddress);
    }

    [Theory]
    [InlineData("10.244.1.2", "10.96.0.10", true)]
    [InlineData("10.244.2.99", "10.96.0.10", false)]
    [InlineData("198.51.100.7", "10.96.0.10", true)]
    [InlineData("198.51.100.7", "203.0.113.10", false)]
    public void Masquerade_FollowsTheOriginalTuple(string source, string vip, bool masqueraded)
    {
        var translated = Trace("prerouting", Packet(source, vip, 6, 80)).Packet;
        var result = Trace("postrouting", translated);

        Assert.Equal(masqueraded, result.IsMasqueraded);
        Assert.Equal(0u, result.Packet.Priority);
    }

    [Fact]
    public void Martian_IsDroppedUnlessItCameByLoopback()
    {
        var martian = Packet(Outside, "127.0.0.1", 6, 30080);

        Assert.Equal(NftVerdictKind.Drop, Trace("no-martians", martian with { InputInterface = 2 }).Verdict);
        Assert.Equal(NftVerdictKind.Accept, Trace("no-martians", martian with { InputInterface = 1 }).Verdict);
    }

    /// <summary>Interval sets hold numbers in network order, whatever the machine's.</summary>
    [Theory]
    [InlineData(0x0102_0304u, 8000, NftVerdictKind.Accept)]
    [InlineData(0x0102_0304u, 9000, NftVerdictKind.Accept)]
    [InlineData(0x0102_0304u, 9001, NftVerdictKind.Drop)]
    [InlineData(0x0403_0201u, 8000, NftVerdictKind.Drop)]
    public void HostOrderNumber_IsFoundInAnIntervalSet(uint priority, ushort port, NftVerdictKind verdict)
    {
        static NftValue Key(ushort port) => NftValue.Concat(NftValue.Of([1, 2, 3, 4]), NftValue.OfPort(port));
        var set = new NftSet("range", NftKey.Type(NftDataType.ClassId, NftDataType.InetService))
        {
            Flags = NftSetFlags.Interval,
            Elements = [new NftElement(Key(8000)) { KeyEnd = Key(9000) }],
        };
        var rule = NftRule.Of(Match.InSet(set, Field.InNetworkOrder(Field.Priority), Field.CtSourcePort(ConnectionDirection.Reply)), Verdict.Accept);
        var table = new NftTable(NftFamily.Inet, "t")
        {
            Sets = [set],
            Chains = [NftChain.Base("c", NftChainType.Filter, NftHookPoint.Forward, 0, NftPolicy.Drop).With(rule)],
        };

        Assert.Equal(verdict, new PacketTracer(table).Trace("c", Packet(Pod, Outside, 6, port) with { Priority = priority }).Verdict);
        Assert.Contains("meta priority . ct reply proto-src @range accept", NftText.Of(table), StringComparison.Ordinal);
        Assert.Contains("elements = { 102:304 . 8000-9000 }", NftText.Of(table), StringComparison.Ordinal);
        Assert.Equal(NftVerdictKind.Drop, new PacketTracer(table).Trace("c", Packet(Pod, Outside, 6, port) with { Priority = priority, State = ConnectionState.Untracked }).Verdict);
    }

    private static TraceResult Trace(string chain, TracePacket packet, uint choice = 0) => new PacketTracer(Table, _ => choice).Trace(chain, packet);

    private static TracePacket Packet(string source, string destination, byte protocol, ushort port) =>
        new(IpAddress.Parse(source), IpAddress.Parse(destination), (IpProtocol)protocol, 40000, port);
}
