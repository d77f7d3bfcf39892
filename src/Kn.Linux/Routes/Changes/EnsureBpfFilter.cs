using Kn.Linux.Bpf;
using Kn.Linux.Netlink;
using Kn.Linux.Routes.Messages;

namespace Kn.Linux.Routes;

/// <summary>Has a program look at a link's packets; in the place of the one before, of the same priority and direction, without a packet between them.</summary>
/// <param name="Filter">Where.</param>
/// <param name="Program">The program; the filter keeps it alive.</param>
public sealed record EnsureBpfFilter(BpfFilter Filter, BpfProgram Program) : RouteChange
{
    /// <inheritdoc/>
    public override string Operation => $"add BPF filter {Filter.Name} to link #{Filter.LinkIndex}";

    internal override void Write(ref NetlinkWriter writer) => FilterMessages.WriteEnsure(ref writer, Filter, Program.Number);
}
