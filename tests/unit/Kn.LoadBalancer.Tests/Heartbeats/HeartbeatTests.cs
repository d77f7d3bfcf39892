using Kn.LoadBalancer.Heartbeats;

namespace Kn.LoadBalancer.Tests.Heartbeats;

/// <summary>Heartbeats' bytes.</summary>
public sealed class HeartbeatTests
{
    private static readonly byte[] s_key = [.. Enumerable.Range(0, Heartbeat.KeyBytes).Select(static i => (byte)i)];
    private static readonly Heartbeat s_sample = new("node-1.example", NodeState.Restarting, TimeSpan.FromSeconds(15), 1_700_000_000_123, 42);

    [Fact]
    public void WhatIsWritten_IsReadBack()
    {
        Assert.Equal(HeartbeatFault.None, Heartbeat.TryRead(Bytes(s_sample), s_key, out var read));
        Assert.Equal(s_sample, read);
    }

    [Fact]
    [Conformance("load-balancer", "Heartbeats")]
    public void A_heartbeat_signed_with_another_key_is_refused()
    {
        var other = s_key.ToArray();
        other[31] ^= 1;
        Assert.Equal(HeartbeatFault.WrongKey, Heartbeat.TryRead(Bytes(s_sample), other, out _));
    }

    [Fact]
    [Conformance("load-balancer", "Heartbeats")]
    public void A_heartbeat_with_any_bit_changed_is_refused()
    {
        var bytes = Bytes(s_sample);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var damaged = bytes.ToArray();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(HeartbeatFault.None, Heartbeat.TryRead(damaged, s_key, out _));
        }
    }

    [Fact]
    public void EveryTruncation_IsRefused()
    {
        var bytes = Bytes(s_sample);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(HeartbeatFault.NotOne, Heartbeat.TryRead(bytes.AsSpan(0, length), s_key, out _));
        }

        Assert.Equal(HeartbeatFault.NotOne, Heartbeat.TryRead([.. bytes, 0], s_key, out _));
    }

    [Fact]
    public void TheLongestName_Fits()
    {
        var sample = s_sample with { Node = new string('n', 253) };
        Assert.Equal(HeartbeatFault.None, Heartbeat.TryRead(Bytes(sample), s_key, out var read));
        Assert.Equal(sample, read);
    }

    private static byte[] Bytes(Heartbeat heartbeat)
    {
        var buffer = new byte[Heartbeat.MaxBytes];
        return buffer[..heartbeat.Write(buffer, s_key)];
    }
}
