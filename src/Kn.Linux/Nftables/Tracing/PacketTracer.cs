namespace Kn.Linux.Nftables.Tracing;

/// <summary>Walks a packet through a table of the model, expression by expression, as the kernel would: tests of a ruleset's meaning
/// need neither root nor a kernel.</summary>
/// <remarks>Elements that rules add stay until the tracer is gone, timeouts do not pass, and limits never strike. Not safe for
/// use by several threads.</remarks>
public sealed class PacketTracer
{
    // NFT_JUMP_STACK_SIZE of the kernel.
    private const int MaxDepth = 16;

    private readonly NftTable _table;
    private readonly TraceMachine _machine;

    /// <summary>Makes a tracer for a table.</summary>
    /// <param name="table">With its elements.</param>
    /// <param name="random">Answers <c>numgen random mod N</c>, given N; null for always 0.</param>
    public PacketTracer(NftTable table, Func<uint, uint>? random = null)
    {
        _table = table;
        _machine = new TraceMachine(table, random ?? (static _ => 0u));
    }

    /// <summary>Whether the table has a chain of that name.</summary>
    public bool Has(string chain) => _table.FindChain(chain) is not null;

    /// <summary>Sends a packet through one base chain.</summary>
    /// <exception cref="InvalidOperationException">No such chain, jumps too deep, or an expression that the tracer does not know.</exception>
    public TraceResult Trace(string chain, TracePacket packet)
    {
        _machine.Begin(packet);
        var verdict = Walk(chain, 0);
        if (verdict.Kind is NftVerdictKind.Continue or NftVerdictKind.Return)
        {
            verdict = _table.FindChain(chain)?.Hook?.Policy == NftPolicy.Drop ? Verdict.Drop : Verdict.Accept;
        }

        return _machine.Finish(verdict.Kind);
    }

    private NftVerdict Walk(string name, int depth)
    {
        var chain = _table.FindChain(name) ?? throw new InvalidOperationException($"table {_table.Id} has no chain {name}");
        if (depth > MaxDepth)
        {
            throw new InvalidOperationException($"more than {MaxDepth} jumps at chain {name}");
        }

        _machine.Note(name);
        foreach (var rule in chain.Rules)
        {
            var verdict = _machine.Run(rule);
            switch (verdict.Kind)
            {
                case NftVerdictKind.Continue or NftVerdictKind.Break:
                    continue;
                case NftVerdictKind.Goto:
                    return Walk(verdict.Chain!, depth + 1);
                case NftVerdictKind.Jump:
                    var inner = Walk(verdict.Chain!, depth + 1);
                    if (inner.Kind is NftVerdictKind.Continue or NftVerdictKind.Return)
                    {
                        continue;
                    }

                    return inner;
                default:
                    return verdict;
            }
        }

        return Verdict.Continue;
    }
}
