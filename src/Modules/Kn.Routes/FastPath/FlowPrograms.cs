using Kn.Hosting;
using Kn.Linux.Bpf;
using static Kn.Linux.Bpf.BpfRegister;
using static Kn.Routes.FastPath.FlowLayout;

namespace Kn.Routes.FastPath;

/// <summary>The two programs of the fast path: <see cref="WriteSend"/> sees what comes in by a link, <see cref="WriteLearn"/> what leaves by one. Pure.</summary>
/// <remarks>
/// <para>Learn sees a packet behind the whole stack: routed, allowed by every rule, with its Ethernet header. Where the rules marked it as one of a connection
/// that is established and not translated, it notes for this flow, at the link that it came by: where it left, and with which header. Send looks up what
/// comes in by that link, and does for later packets what the stack did: one hop less to live, the header, out.</para>
/// <para>The place of things in packets: Ethernet 14 bytes, RFC 791 §3.1, RFC 8200 §3, RFC 9293 §3.1. Numbers are loaded as they are in the packet, so
/// constants that they are compared with are written with their bytes swapped.</para>
/// </remarks>
internal static class FlowPrograms
{
    private const string ToStack = "stack";
    private const int Undecided = -1;

    // struct __sk_buff, uapi/linux/bpf.h.
    private const int ContextLength = 0;
    private const int ContextPacketType = 4;
    private const int ContextMark = 8;
    private const int ContextVlanPresent = 20;
    private const int ContextIngressLink = 36;
    private const int ContextLink = 40;
    private const int ContextData = 76;
    private const int ContextDataEnd = 80;
    private const int ContextSegmentBytes = 176;

    private const int EthernetBytes = 14;
    private const int Ipv4Frame = EthernetBytes + 20;
    private const int Ipv6Frame = EthernetBytes + 40;
    private const int TcpBytes = 20;
    private const int TcpDataOffset = 12;
    private const int TcpFlags = 13;
    private const int FinSynRst = 0x07;
    private const int Tcp = 6;
    private const int EtherTypeIpv4 = 0x0008;
    private const int EtherTypeIpv6 = 0xDD86;
    private const int NoOptions = 0x45;
    private const uint FragmentBits = 0xFF3F;
    private const int HopLimitAt4 = EthernetBytes + 8;
    private const int HopLimitAt6 = EthernetBytes + 7;
    private const int ChecksumAt = EthernetBytes + 10;

    // On the stack, whose end is register 10.
    private const int Key = -KeyBytes;
    private const int Frame = Key - 8;
    private const int Value = Frame - ValueBytes;
    private const int Now = Value - 8;

    // Fibonacci hashing: an odd number near 2³² over the golden ratio spreads what it multiplies over the upper bits.
    private const int Spread = unchecked((int)0x9E3779B1);

    /// <summary>For ingress: sends packets of known flows on; leaves all others to the stack.</summary>
    public static BpfAssembler WriteSend(BpfMap flows, BpfMap state, BpfMap hints)
    {
        var code = new BpfAssembler();
        code.Copy(R6, R1);
        code.Load(BpfSize.Word, R1, R6, ContextPacketType);
        code.JumpIf(R1, BpfTest.NotEqual, 0, ToStack);
        WriteParse(code);
        WriteIsKnown(code, hints);
        code.Load(BpfSize.Word, R1, R6, ContextLink);
        code.Store(BpfSize.Word, BpfRegister.Stack, Key + KeyLink, R1);
        code.LoadMap(R1, flows);
        code.Copy(R2, BpfRegister.Stack);
        code.AddTo(R2, Key);
        code.Call(BpfFunction.MapLookup);
        code.JumpIf(R0, BpfTest.Equal, 0, ToStack);
        code.Copy(R8, R0);
        WriteValidity(code, state);
        WriteHop(code);
        for (var at = 0; at < 12; at += 4)
        {
            code.Load(BpfSize.Word, R1, R8, ValueEthernet + at);
            code.Store(BpfSize.Word, R7, at, R1);
        }

        code.Load(BpfSize.Word, R3, R8, ValueIntoPod);
        code.Load(BpfSize.Word, R1, R8, ValueLink);
        code.Set(R2, 0);
        code.JumpIf(R3, BpfTest.NotEqual, 0, "pod");
        code.Call(BpfFunction.Redirect);
        code.Exit();
        code.Label("pod");
        code.Call(BpfFunction.RedirectPeer);
        code.Exit();
        WriteEnd(code);
        return code;
    }

    /// <summary>For egress: notes flows whose packets are marked, and takes the mark away.</summary>
    public static BpfAssembler WriteLearn(BpfMap flows, BpfMap state, BpfMap hints, BpfMap pods)
    {
        var code = new BpfAssembler();
        code.Copy(R6, R1);
        code.Load(BpfSize.Word, R1, R6, ContextMark);
        code.Copy(R2, R1);
        code.Mask(R2, NodeResources.FastPathMark);
        code.JumpIf(R2, BpfTest.Equal, 0, ToStack);
        code.Mask(R1, ~NodeResources.FastPathMark);
        code.Store(BpfSize.Word, R6, ContextMark, R1);
        code.Call(BpfFunction.Random);
        code.Mask(R0, TakenOneIn - 1);
        code.JumpIf(R0, BpfTest.NotEqual, 0, ToStack);
        code.Load(BpfSize.Word, R1, R6, ContextIngressLink);
        code.JumpIf(R1, BpfTest.Equal, 0, ToStack);
        code.Store(BpfSize.Word, BpfRegister.Stack, Key + KeyLink, R1);
        WriteParse(code);
        WriteValue(code, state);
        WriteWhereTo(code, pods);
        code.LoadMap(R1, flows);
        code.Copy(R2, BpfRegister.Stack);
        code.AddTo(R2, Key);
        code.Copy(R3, BpfRegister.Stack);
        code.AddTo(R3, Value);
        code.Set(R4, 0);
        code.Call(BpfFunction.MapUpdate);
        WriteHint(code, hints);
        code.Load(BpfSize.Double, R2, BpfRegister.Stack, Value + ValueUntil);
        code.Store(BpfSize.Double, R1, 0, R2);
        code.LoadFirstValue(R1, state);
        code.Set(R2, 1);
        code.AtomicAdd(R1, StateTaken, R2);
        WriteEnd(code);
        return code;
    }

    /// <summary>Out of R6, the context: R7 the packet, R9 where TCP begins, the key but for its link, and the frame's size. Whatever is not TCP between its
    /// first and its last packets, whole and without options of IP, goes to the stack.</summary>
    private static void WriteParse(BpfAssembler code)
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
        code.Jump("size");
        code.Label("ipv6");
        WriteParseIpv6(code);
        code.Label("size");

        // A packet that the network card, or a tunnel, is to cut into segments counts as one of these: what fits the way is a segment.
        code.Load(BpfSize.Word, R2, R6, ContextSegmentBytes);
        code.JumpIf(R2, BpfTest.NotEqual, 0, "segments");
        code.Load(BpfSize.Word, R1, R6, ContextLength);
        code.Jump("sized");
        code.Label("segments");
        code.Mask(R1, 0xF0);
        code.ShiftRight(R1, 2);
        code.AddTo(R1, R9);
        code.AddTo(R1, R2);
        code.Label("sized");
        code.Store(BpfSize.Double, BpfRegister.Stack, Frame, R1);
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
        foreach (var (place, at) in new[] { (KeySource, EthernetBytes + 12), (KeyDestination, EthernetBytes + 16) })
        {
            code.Load(BpfSize.Word, R2, R7, at);
            code.Store(BpfSize.Word, BpfRegister.Stack, Key + place, R2);
            code.Store(BpfSize.Word, BpfRegister.Stack, Key + place + 4, 0);
            code.Store(BpfSize.Double, BpfRegister.Stack, Key + place + 8, 0);
        }
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
            code.Load(BpfSize.Double, R2, R7, EthernetBytes + 8 + at);
            code.Store(BpfSize.Double, BpfRegister.Stack, Key + KeySource + at, R2);
        }
    }

    /// <summary>Ports into the key; R1 the byte with TCP's header length, R9 what is before TCP.</summary>
    private static void WriteTcp(BpfAssembler code, int at)
    {
        code.Load(BpfSize.Byte, R1, R7, at + TcpFlags);
        code.JumpIf(R1, BpfTest.AnyBit, FinSynRst, ToStack);
        code.Load(BpfSize.Word, R2, R7, at);
        code.Store(BpfSize.Word, BpfRegister.Stack, Key + KeyPorts, R2);
        code.Load(BpfSize.Byte, R1, R7, at + TcpDataOffset);
        code.Set(R9, at);
    }

    /// <summary>To the stack with what no flow is known for. Most packets of short connections, and all that are translated, are of no flow that is: for
    /// them a look into the hints, which are in the cache, is a fifth of what the flows' hash would cost.</summary>
    private static void WriteIsKnown(BpfAssembler code, BpfMap hints)
    {
        WriteHint(code, hints);
        code.Load(BpfSize.Double, R8, R1, 0);
        code.JumpIf(R8, BpfTest.Equal, 0, ToStack);
        code.Call(BpfFunction.CoarseTime);
        code.JumpIf(R0, BpfTest.Greater, R8, ToStack);
        code.Store(BpfSize.Double, BpfRegister.Stack, Now, R0);
    }

    /// <summary>R1 is the place of the key's flow in the hints; others may have the same.</summary>
    private static void WriteHint(BpfAssembler code, BpfMap hints)
    {
        code.Load(BpfSize.Word, R2, BpfRegister.Stack, Key + KeyPorts);
        for (var at = KeySource; at < KeyBytes; at += 8)
        {
            code.Multiply(R2, Spread);
            code.Load(BpfSize.Double, R3, BpfRegister.Stack, Key + at);
            code.Xor(R2, R3);
        }

        code.Multiply(R2, Spread);
        code.ShiftRight(R2, 32);
        code.Mask(R2, (Hints - 1) * sizeof(ulong));
        code.LoadFirstValue(R1, hints);
        code.AddTo(R1, R2);
    }

    /// <summary>R8 is the flow: to the stack with what has lasted too long, is of an epoch that has ended, or was learned of smaller packets.</summary>
    private static void WriteValidity(BpfAssembler code, BpfMap state)
    {
        code.Load(BpfSize.Double, R0, BpfRegister.Stack, Now);
        code.Load(BpfSize.Double, R1, R8, ValueUntil);
        code.JumpIf(R0, BpfTest.Greater, R1, ToStack);
        code.LoadFirstValue(R1, state);
        code.Load(BpfSize.Word, R1, R1, StateEpoch);
        code.Load(BpfSize.Word, R2, R8, ValueEpoch);
        code.JumpIf(R1, BpfTest.NotEqual, R2, ToStack);
        code.Load(BpfSize.Double, R1, BpfRegister.Stack, Frame);
        code.Load(BpfSize.Word, R2, R8, ValueFrame);
        code.JumpIf(R1, BpfTest.Greater, R2, ToStack);
    }

    /// <summary>One hop less; a packet that has none left gets its answer from the stack. IPv4's checksum by RFC 1624.</summary>
    private static void WriteHop(BpfAssembler code)
    {
        code.JumpIf(R9, BpfTest.Equal, Ipv6Frame, "hops6");
        code.Load(BpfSize.Byte, R1, R7, HopLimitAt4);
        code.JumpIf(R1, BpfTest.Less, 2, ToStack);
        code.AddTo(R1, -1);
        code.Store(BpfSize.Byte, R7, HopLimitAt4, R1);
        code.Load(BpfSize.Half, R2, R7, ChecksumAt);
        code.AddTo(R2, 1);
        code.JumpIf(R2, BpfTest.Less, 0xFFFF, "sum");
        code.AddTo(R2, 1);
        code.Label("sum");
        code.Store(BpfSize.Half, R7, ChecksumAt, R2);
        code.Jump("hopped");
        code.Label("hops6");
        code.Load(BpfSize.Byte, R1, R7, HopLimitAt6);
        code.JumpIf(R1, BpfTest.Less, 2, ToStack);
        code.AddTo(R1, -1);
        code.Store(BpfSize.Byte, R7, HopLimitAt6, R1);
        code.Label("hopped");
    }

    private static void WriteValue(BpfAssembler code, BpfMap state)
    {
        code.Call(BpfFunction.CoarseTime);
        code.AddTo(R0, ValidFor);
        code.Store(BpfSize.Double, BpfRegister.Stack, Value + ValueUntil, R0);
        code.LoadFirstValue(R1, state);
        code.Load(BpfSize.Word, R1, R1, StateEpoch);
        code.Store(BpfSize.Word, BpfRegister.Stack, Value + ValueEpoch, R1);
        code.Load(BpfSize.Word, R1, R6, ContextLink);
        code.Store(BpfSize.Word, BpfRegister.Stack, Value + ValueLink, R1);
        code.Load(BpfSize.Double, R1, BpfRegister.Stack, Frame);
        code.Store(BpfSize.Word, BpfRegister.Stack, Value + ValueFrame, R1);
        for (var at = 0; at < 12; at += 4)
        {
            code.Load(BpfSize.Word, R1, R7, at);
            code.Store(BpfSize.Word, BpfRegister.Stack, Value + ValueEthernet + at, R1);
        }
    }

    /// <summary>Whether the link is a pod's whose packets need not wait for one another: then they need no queue, nor a second round of the scheduler, on their
    /// way into the pod.</summary>
    private static void WriteWhereTo(BpfAssembler code, BpfMap pods)
    {
        code.Store(BpfSize.Double, BpfRegister.Stack, Value + ValueIntoPod, 0);
        code.LoadMap(R1, pods);
        code.Copy(R2, BpfRegister.Stack);
        code.AddTo(R2, Value + ValueLink);
        code.Call(BpfFunction.MapLookup);
        code.JumpIf(R0, BpfTest.Equal, 0, "elsewhere");
        code.Store(BpfSize.Word, BpfRegister.Stack, Value + ValueIntoPod, 1);
        code.Label("elsewhere");
    }

    private static void WriteEnd(BpfAssembler code)
    {
        code.Label(ToStack);
        code.Set(R0, Undecided);
        code.Exit();
    }
}
