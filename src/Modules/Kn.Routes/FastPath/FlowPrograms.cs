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
    internal const string ToStack = "stack";
    private const int Undecided = -1;

    // struct __sk_buff, uapi/linux/bpf.h.
    private const int ContextPacketType = 4;
    private const int ContextMark = 8;
    private const int ContextIngressLink = 36;
    private const int ContextLink = 40;

    private const int HopLimitAt4 = PacketParser.EthernetBytes + 8;
    private const int HopLimitAt6 = PacketParser.EthernetBytes + 7;
    private const int ChecksumAt = PacketParser.EthernetBytes + 10;

    // On the stack, whose end is register 10.
    internal const int Key = -KeyBytes;
    internal const int Frame = Key - 8;
    private const int Value = Frame - ValueBytes;
    private const int Now = Value - 8;
    private const int Hint = Now - 8;
    internal const uint LastHint = (Hints - 1) * sizeof(uint);

    /// <summary>For ingress: sends packets of known flows on; leaves all others to the stack.</summary>
    public static BpfAssembler WriteSend(BpfMap flows, BpfMap state, BpfMap hints)
    {
        var code = new BpfAssembler();
        code.Copy(R6, R1);
        code.Load(BpfSize.Word, R1, R6, ContextPacketType);
        code.JumpIf(R1, BpfTest.NotEqual, 0, ToStack);
        PacketParser.WriteParse(code);
        WriteIsKnown(code, hints);
        PacketParser.WriteKey(code);
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
        PacketParser.WriteParse(code);
        code.Store(BpfSize.Double, BpfRegister.Stack, Hint, R4);
        PacketParser.WriteKey(code);
        WriteValue(code, state);
        WriteWhereTo(code, pods);
        code.LoadMap(R1, flows);
        code.Copy(R2, BpfRegister.Stack);
        code.AddTo(R2, Key);
        code.Copy(R3, BpfRegister.Stack);
        code.AddTo(R3, Value);
        code.Set(R4, 0);
        code.Call(BpfFunction.MapUpdate);
        code.Load(BpfSize.Double, R4, BpfRegister.Stack, Hint);
        code.Mask(R4, LastHint);
        code.LoadFirstValue(R1, hints);
        code.AddTo(R1, R4);
        code.Load(BpfSize.Double, R2, BpfRegister.Stack, Value + ValueUntil);
        code.ShiftRight(R2, HintTick);
        code.AddTo(R2, 1);
        code.Store(BpfSize.Word, R1, 0, R2);
        code.LoadFirstValue(R1, state);
        code.Set(R2, 1);
        code.AtomicAdd(R1, StateTaken, R2);
        WriteEnd(code);
        return code;
    }

    /// <summary>To the stack with what no flow is known for: all that is translated, and most packets of short connections. A look into the hints, which are in
    /// the cache, costs a fraction of one into the flows.</summary>
    private static void WriteIsKnown(BpfAssembler code, BpfMap hints)
    {
        code.LoadFirstValue(R1, hints);
        code.AddTo(R1, R4);
        code.Load(BpfSize.Word, R8, R1, 0);
        code.JumpIf(R8, BpfTest.Equal, 0, ToStack);
        code.Call(BpfFunction.CoarseTime);
        code.Store(BpfSize.Double, BpfRegister.Stack, Now, R0);
        code.ShiftRight(R0, HintTick);

        // Ticks are 32 bits and begin again after 52 days; then some flows seem known that are not.
        code.Mask(R0, uint.MaxValue);
        code.JumpIf(R0, BpfTest.Greater, R8, ToStack);
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
        code.JumpIf(R9, BpfTest.Equal, PacketParser.Ipv6Frame, "hops6");
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
