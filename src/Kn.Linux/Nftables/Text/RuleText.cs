using System.Numerics;
using Kn.Linux.Nftables.Expressions;
using Kn.Primitives;

namespace Kn.Linux.Nftables.Text;

/// <summary>Prints one rule: runs its expressions over registers that hold texts.</summary>
internal sealed class RuleText(NftTable table)
{
    private readonly Dictionary<int, Slot> _slots = [];
    private readonly List<string> _words = [];

    internal string Of(NftRule rule)
    {
        var expressions = rule.Expressions.AsSpan();
        for (var i = 0; i < expressions.Length; i++)
        {
            if (!TryLoad(expressions[i]))
            {
                _words.Add(Statement(expressions[i], rule.Expressions) ?? expressions[i].ToString());
            }
        }

        return string.Join(' ', _words.Where(static word => word.Length > 0));
    }

    private bool TryLoad(NftExpression expression)
    {
        switch (expression)
        {
            case PayloadLoad load:
                Put(load.Destination, PayloadText(load, out var type), type);
                return true;
            case MetaLoad load:
                Put(load.Destination, MetaKeys.Text(load.Key), MetaKeys.TypeOf(load.Key));
                return true;
            case CtLoad load:
                Put(load.Destination, new CtField(load.Key, load.Direction).Text, CtKeys.TypeOf(load.Key));
                return true;
            case FibLoad load:
                Put(load.Destination, new FibField(load.Result, load.Flags).Text, new FibField(load.Result, load.Flags).Type);
                return true;
            case NumberGenerator load:
                Put(load.Destination, new NumberField(load.Kind, load.Modulus, load.Offset).Text, NftDataType.Integer);
                return true;
            case JenkinsHash hash:
                Put(hash.Destination, $"jhash {Concat(hash.Source, (int)(hash.LengthBytes + 3) / 4)} mod {hash.Modulus} seed 0x{hash.Seed:x}", NftDataType.Integer);
                return true;
            case Bitwise bitwise when _slots.TryGetValue(bitwise.Source.Word, out var slot):
                _slots[bitwise.Destination.Word] = slot with { Mask = bitwise };
                return true;
            case ByteOrder { LengthBytes: sizeof(uint), SizeBytes: sizeof(uint) } order when order.Source == order.Destination && _slots.ContainsKey(order.Source.Word):
                return true;
            case Immediate immediate:
                _slots[immediate.Destination.Word] = new Slot(string.Empty, null) { Constant = immediate.Value };
                return true;
            case Lookup { Destination: { IsVerdict: false } destination } lookup when table.FindSet(lookup.SetName) is { } set:
                Put(destination, $"{Concat(lookup.Source, Words(set.Key))} map @{lookup.SetName}", null);
                return true;
            default:
                return false;
        }
    }

    private string? Statement(NftExpression expression, ValueList<NftExpression> rule) => expression switch
    {
        Compare compare => Of(compare, rule),
        Lookup { Destination: null } lookup when table.FindSet(lookup.SetName) is { } set =>
            $"{Concat(lookup.Source, Words(set.Key))} {(lookup.IsInverted ? "!= " : string.Empty)}@{lookup.SetName}",
        Lookup lookup when table.FindSet(lookup.SetName) is { } set => $"{Concat(lookup.Source, Words(set.Key))} vmap @{lookup.SetName}",
        ImmediateVerdict immediate => immediate.Verdict.ToString(),
        MetaSet set => $"{MetaKeys.Text(set.Key)} set {SourceText(set.Source, MetaKeys.TypeOf(set.Key))}",
        CtSet set => $"ct {CtKeys.Text(set.Key)} set {SourceText(set.Source, CtKeys.TypeOf(set.Key))}",
        Nat { Address: { } address, AddressEnd: null, PortEnd: null } nat => Of(nat, address),
        Masquerade { Port: null } masquerade => "masquerade" + FlagsText(masquerade.Flags),
        Reject { Kind: RejectKind.TcpReset } => "reject with tcp reset",
        Reject { Kind: RejectKind.Icmpx, Code: 1 } => "reject",
        DynamicSet dynamic when table.FindSet(dynamic.SetName) is { } set => Of(dynamic, set),
        Counter counter => $"counter packets {counter.Packets} bytes {counter.Bytes}",
        Limit { CountsBytes: false } limit => $"limit rate {(limit.IsInverted ? "over " : string.Empty)}{limit.Rate}/{NftNames.OfUnit(limit.UnitSeconds)} burst {limit.Burst} packets",
        LogPacket { Group: { } group } log => $"log{(log.Prefix.Length == 0 ? string.Empty : $" prefix \"{log.Prefix}\"")} group {group}{(log.SnapshotBytes == 0 ? string.Empty : $" snaplen {log.SnapshotBytes}")}",
        NoTrack => "notrack",
        _ => null,
    };

    private string? Of(Compare compare, ValueList<NftExpression> rule)
    {
        if (!_slots.TryGetValue(compare.Source.Word, out var slot) || slot.Type is not { } type)
        {
            return null;
        }

        // nft leaves the family out where the next statement reads a field of that family's header.
        if (type == NftDataType.NfProto && slot.Mask is null && compare.Operator == CompareOperator.Equal && HasHeaderOf(compare, rule))
        {
            return string.Empty;
        }

        var sign = compare.Operator switch
        {
            CompareOperator.Equal => string.Empty,
            CompareOperator.NotEqual => "!= ",
            CompareOperator.Less => "< ",
            CompareOperator.LessOrEqual => "<= ",
            CompareOperator.Greater => "> ",
            _ => ">= ",
        };
        var isAddress = type == NftDataType.Ipv4Address || type == NftDataType.Ipv6Address;
        if (isAddress)
        {
            var bytes = new byte[type.LengthBytes];
            compare.Value.Bytes.CopyTo(bytes);
            var address = IpAddress.FromBytes(bytes);
            var bits = slot.Mask is { } mask ? mask.Mask.Bytes.ToArray().Sum(static part => BitOperations.PopCount(part)) : compare.Value.Length * 8;
            return $"{slot.Text} {sign}{(bits == address.BitCount ? address : new IpPrefix(address, bits))}";
        }

        return slot.Mask is null
            ? $"{slot.Text} {sign}{NftValueText.Of(type, compare.Value)}"
            : Masked(slot.Text, type, slot.Mask, compare);
    }

    private static string Masked(string field, NftDataType type, Bitwise bitwise, Compare compare)
    {
        var isZero = compare.Value.Bytes.IndexOfAnyExcept((byte)0) < 0;
        var mask = NftValueText.Of(type, bitwise.Mask);
        if ((type == NftDataType.CtState || type == NftDataType.CtStatus) && isZero)
        {
            return $"{field} {(compare.Operator == CompareOperator.Equal ? "! " : string.Empty)}{mask}";
        }

        return $"{field} & {mask} {(compare.Operator == CompareOperator.NotEqual ? "!=" : "==")} {NftValueText.Of(type, compare.Value)}";
    }

    private string Of(Nat nat, NftRegister address)
    {
        var type = nat.Family == NftFamily.Ip6 ? NftDataType.Ipv6Address : NftDataType.Ipv4Address;
        var target = SourceText(address, type);
        if (nat.Port is { } port && _slots.TryGetValue(port.Word, out var slot) && !slot.Constant.IsEmpty && _slots[address.Word].Text.Length == 0)
        {
            target = $"{(nat.Family == NftFamily.Ip6 ? $"[{target}]" : target)}:{NftValueText.Of(NftDataType.InetService, slot.Constant)}";
        }

        return $"{(nat.Kind == NatKind.Source ? "snat" : "dnat")} {NftNames.Of(nat.Family)} to {target}{FlagsText(nat.Flags)}";
    }

    private string Of(DynamicSet dynamic, NftSet set)
    {
        var text = $"{NftNames.Of(dynamic.Operation)} @{dynamic.SetName} {{ {Concat(dynamic.Key, Words(set.Key))}";
        text += dynamic.Timeout > TimeSpan.Zero ? $" timeout {NftValueText.Time(dynamic.Timeout)}" : string.Empty;
        text += string.Concat(dynamic.Expressions.Select(item => " " + (Statement(item, default) ?? item.ToString())));
        return text + (dynamic.DataSource is { } data && set is NftMap { Data: { } fields } ? $" : {Concat(data, Words(fields))} }}" : " }");
    }

    private string SourceText(NftRegister register, NftDataType type)
    {
        if (!_slots.TryGetValue(register.Word, out var slot))
        {
            return $"reg {register}";
        }

        return !slot.Constant.IsEmpty ? NftValueText.Of(type, slot.Constant)
            : slot.Mask is { } bitwise ? $"{slot.Text} & {NftValueText.Of(type, bitwise.Mask)} | {NftValueText.Of(type, bitwise.Xor)}"
            : slot.Text;
    }

    private string Concat(NftRegister first, int words)
    {
        var parts = new List<string>();
        for (var word = first.Word; word < first.Word + words;)
        {
            if (!_slots.TryGetValue(word, out var slot))
            {
                return $"reg {first}";
            }

            parts.Add(slot.Text);
            word += slot.Type?.Words ?? words;
        }

        return string.Join(" . ", parts);
    }

    private static int Words(NftKey key) => key.Fields.Sum(static field => field.Type.Words);

    private static string FlagsText(NatFlags flags) => flags switch
    {
        NatFlags.None => string.Empty,
        NatFlags.FullyRandom => " fully-random",
        NatFlags.Random => " random",
        NatFlags.Persistent => " persistent",
        _ => " " + flags.ToString().ToLowerInvariant().Replace(", ", ",", StringComparison.Ordinal),
    };

    /// <summary>True where the statement right behind the comparison reads that family's header.</summary>
    private static bool HasHeaderOf(Compare compare, ValueList<NftExpression> rule)
    {
        var word = compare.Value.Bytes[0] == (byte)NftFamily.Ip6 ? "ip6 " : "ip ";
        var behind = ((IEnumerable<NftExpression>)rule).SkipWhile(item => !ReferenceEquals(item, compare)).Skip(1);
        foreach (var expression in behind)
        {
            if (expression is PayloadLoad load && PayloadText(load, out _).StartsWith(word, StringComparison.Ordinal))
            {
                return true;
            }

            if (expression is not (PayloadLoad or MetaLoad or CtLoad or FibLoad or NumberGenerator or JenkinsHash))
            {
                return false;
            }
        }

        return false;
    }

    private static string PayloadText(PayloadLoad load, out NftDataType? type)
    {
        foreach (var field in Field.Payloads)
        {
            // A shorter load from the start of an address is a prefix of whole bytes.
            if (field is PayloadField payload && payload.Base == load.Base && payload.OffsetBytes == load.OffsetBytes
                && (payload.Type.LengthBytes == load.LengthBytes || (payload.Base == PayloadHeader.Network && load.LengthBytes < payload.Type.LengthBytes)))
            {
                type = payload.Type;
                return payload.Text;
            }
        }

        type = NftDataType.IntegerOf((int)load.LengthBytes);
        return $"@{(load.Base == PayloadHeader.Transport ? "th" : "nh")},{load.OffsetBytes * 8},{load.LengthBytes * 8}";
    }

    private void Put(NftRegister register, string text, NftDataType? type) => _slots[register.Word] = new Slot(text, type);

    /// <summary>What a register holds: a field, a map's answer, or a constant.</summary>
    private sealed record Slot(string Text, NftDataType? Type)
    {
        public Bitwise? Mask { get; init; }

        public NftValue Constant { get; init; }
    }
}
