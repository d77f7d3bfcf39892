namespace Kn.ServiceProxy.Tables;

/// <summary>Gives out numbers of lists and backends, none of them twice while the table lives: a client's remembered backend must
/// never come to mean another endpoint.</summary>
/// <remarks>The table itself remembers how far the numbers went (<see cref="ProxyElement.Numbers"/>), in steps, so that a restart
/// goes on behind all that were ever given out at the price of one element a step.</remarks>
internal sealed class ListNumbers
{
    /// <summary>How many numbers are set aside at a time.</summary>
    public const uint Step = 65_536;

    private uint _next;
    private uint _reserved;

    /// <summary>Goes on behind what was read from the table.</summary>
    /// <param name="reserved">The mark; 0 for a table that has none.</param>
    /// <param name="highest">The highest number in use; 0 for none.</param>
    public ListNumbers(uint reserved, uint highest)
    {
        _next = Math.Max(Math.Max(reserved, highest + 1), ProxyElement.FirstList);
        _reserved = reserved;
    }

    /// <summary>The highest number that was given out.</summary>
    public uint Highest => _next - 1;

    /// <summary>The next number; the mark in the table is moved in the same batch when the step is used up.</summary>
    public uint Take(TableEdit edit)
    {
        if (_next >= _reserved)
        {
            if (_reserved != 0)
            {
                edit.Remove(ProxyElement.Numbers(_reserved));
            }

            _reserved = checked(_next - (_next % Step) + Step);
            edit.Add(ProxyElement.Numbers(_reserved));
        }

        return _next++;
    }
}
