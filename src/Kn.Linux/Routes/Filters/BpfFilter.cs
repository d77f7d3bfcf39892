namespace Kn.Linux.Routes;

/// <summary>A BPF program that sees a link's packets before the stack (ingress) or after it (egress).</summary>
/// <param name="LinkIndex">The link.</param>
/// <param name="Direction">Which packets.</param>
/// <param name="Priority">Filters are asked in the order of their priorities, from 1.</param>
/// <param name="Name">Free text, which <c>tc filter show</c> prints.</param>
/// <remarks>cls_bpf in direct-action mode, tc-bpf(8); struct tcmsg, uapi/linux/rtnetlink.h.</remarks>
public sealed record BpfFilter(int LinkIndex, TrafficDirection Direction, ushort Priority, string Name);

/// <summary>Which packets of a link a filter sees.</summary>
/// <remarks>TC_H_MIN_INGRESS and TC_H_MIN_EGRESS of the qdisc clsact, uapi/linux/pkt_sched.h.</remarks>
public enum TrafficDirection : uint
{
    /// <summary>Those that come in by it.</summary>
    Ingress = 0xFFFF_FFF2,

    /// <summary>Those that leave by it.</summary>
    Egress = 0xFFFF_FFF3,
}
