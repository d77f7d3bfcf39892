using Kn.Linux.Bpf;
using static Kn.Linux.Bpf.BpfRegister;
using static Kn.Routes.FastPath.FlowLayout;
using static Kn.Routes.FastPath.FlowPrograms;

namespace Kn.Routes.FastPath;

/// <summary>The part of both programs that reads a packet. Pure.</summary>
/// <remarks>struct __sk_buff, uapi/linux/bpf.h; RFC 791 §3.1, RFC 8200 §3, RFC 9293 §3.1.</remarks>
internal static class PacketParser
{
    public const int EthernetBytes = 14;

    /// <summary>What is before TCP over IPv6.</summary>
    public const int Ipv6Frame = EthernetBytes + 40;

    private const int ContextLength = 0;
    private const int ContextVlanPresent = 20;
    private const int ContextData = 76;
    private const int ContextDataEnd = 80;
    private const int ContextSegmentBytes = 176;

    private const int Ipv4Frame = EthernetBytes + 20;
    private const int TcpBytes = 20;
    private const int TcpDataOffset = 12;
    private const int TcpFlags = 13;
    private const int FinSynRst = 0x07;
    private const int Tcp = 6;
    private const int EtherTypeIpv4 = 0x0008;
    private const int EtherTypeIpv6 = 0xDD86;
    private const int NoOptions = 0x45;
    private const uint FragmentBits = 0xFF3F;
    private const int SourceAt4 = EthernetBytes + 12;
    private const int SourceAt6 = EthernetBytes + 8;

    // Fibonacci hashing: an odd number near 2³² over the golden ratio spreads what it multiplies over the upper bits.
    private const int Spread = unchecked((int)0x9E3779B1);

    /// <summary>Out of R6, the context: R7 the packet, R9 where TCP begins, R4 the place of its flow in the hints. Whatever is not TCP between its first and
    /// its last packets, whole and without options of IP, goes to the stack.</summary>
    public static void WriteParse(BpfAssembler code)
    {
        code.Load(BpfSize.Word, R1, R6, ContextVlanPresent);
        code.JumpIf(R1, BpfTest.NotEqual, 0, ToStack);
        code.Load(BpfSize.Word, R7, R6, ContextData);
        code.Load(BpfSize.Word, R8, R6, ContextDataEnd);
        code.Copy(R2, R7);
        code.AddTo(R2, Ipv4Frame + TcpBytes);
        code.JumpIf(R2, BpfTest.Greater, R8, ToStack);
        code.Load(BpfSize.Half, R1, R7, EthernetBytes - 2);
        code.JumpIf(R1, BpfTest.Equal, EtherTypeIpv6, "ipv6");
        code.JumpIf(R1, BpfTest.NotEqual, EtherTypeIpv4, ToStack);
        WriteParseIpv4(code);
        code.Jump("parsed");
        code.Label("ipv6");
        WriteParseIpv6(code);
        code.Label("parsed");
        code.Multiply(R4, Spread);
        code.ShiftRight(R4, 32);
        code.Mask(R4, LastHint);
    }

    private static void WriteParseIpv4(BpfAssembler code)
    {
        code.Load(BpfSize.Byte, R1, R7, EthernetBytes);
        code.JumpIf(R1, BpfTest.NotEqual, NoOptions, ToStack);
        code.Load(BpfSize.Half, R1, R7, EthernetBytes + 6);
        code.Mask(R1, FragmentBits);
        code.JumpIf(R1, BpfTest.NotEqual, 0, ToStack);
        code.Load(BpfSize.Byte, R1, R7, EthernetBytes + 9);
        code.JumpIf(R1, BpfTest.NotEqual, Tcp, ToStack);
        WriteTcp(code, Ipv4Frame);
        WriteMix(code, SourceAt4);
    }

    private static void WriteParseIpv6(BpfAssembler code)
    {
        code.Copy(R2, R7);
        code.AddTo(R2, Ipv6Frame + TcpBytes);
        code.JumpIf(R2, BpfTest.Greater, R8, ToStack);
        code.Load(BpfSize.Byte, R1, R7, EthernetBytes + 6);
        code.JumpIf(R1, BpfTest.NotEqual, Tcp, ToStack);
        WriteTcp(code, Ipv6Frame);
        for (var at = 0; at < 32; at += 8)
        {
            WriteMix(code, SourceAt6 + at);
        }
    }

    /// <summary>R9 what is before TCP; R4 begins with the ports.</summary>
    private static void WriteTcp(BpfAssembler code, int at)
    {
        code.Load(BpfSize.Byte, R1, R7, at + TcpFlags);
        code.JumpIf(R1, BpfTest.AnyBit, FinSynRst, ToStack);
        code.Load(BpfSize.Word, R4, R7, at);
        code.Set(R9, at);
    }

    private static void WriteMix(BpfAssembler code, int at)
    {
        code.Multiply(R4, Spread);
        code.Load(BpfSize.Double, R1, R7, at);
        code.Xor(R4, R1);
    }

    /// <summary>The key but for its link, and the frame's size, by R7 and R9.</summary>
    public static void WriteKey(BpfAssembler code)
    {
        code.JumpIf(R9, BpfTest.Equal, Ipv6Frame, "key6");
        foreach (var (place, at) in new[] { (KeySource, SourceAt4), (KeyDestination, SourceAt4 + 4) })
        {
            code.Load(BpfSize.Word, R2, R7, at);
            code.Store(BpfSize.Word, BpfRegister.Stack, Key + place, R2);
            code.Store(BpfSize.Word, BpfRegister.Stack, Key + place + 4, 0);
            code.Store(BpfSize.Double, BpfRegister.Stack, Key + place + 8, 0);
        }

        WriteSize(code, Ipv4Frame, "whole4");
        code.Jump("key");
        code.Label("key6");
        for (var at = 0; at < 32; at += 8)
        {
            code.Load(BpfSize.Double, R2, R7, SourceAt6 + at);
            code.Store(BpfSize.Double, BpfRegister.Stack, Key + KeySource + at, R2);
        }

        WriteSize(code, Ipv6Frame, "whole6");
        code.Label("key");
    }

    /// <summary>The key's ports, and the frame's size. A packet that the network card, or a tunnel, is to cut into segments counts as one of these: what fits
    /// the way is a segment.</summary>
    private static void WriteSize(BpfAssembler code, int tcp, string whole)
    {
        code.Load(BpfSize.Word, R2, R7, tcp);
        code.Store(BpfSize.Word, BpfRegister.Stack, Key + KeyPorts, R2);
        code.Load(BpfSize.Word, R1, R6, ContextLength);
        code.Load(BpfSize.Word, R2, R6, ContextSegmentBytes);
        code.JumpIf(R2, BpfTest.Equal, 0, whole);
        code.Load(BpfSize.Byte, R1, R7, tcp + TcpDataOffset);
        code.Mask(R1, 0xF0);
        code.ShiftRight(R1, 2);
        code.AddTo(R1, tcp);
        code.AddTo(R1, R2);
        code.Label(whole);
        code.Store(BpfSize.Double, BpfRegister.Stack, Frame, R1);
    }
}
