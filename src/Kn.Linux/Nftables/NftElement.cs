using Kn.Primitives;

namespace Kn.Linux.Nftables;

/// <summary>An element of a set or map: a key, or an inclusive range of keys, and what belongs to it.</summary>
/// <remarks>Plain sets of intervals hold a range as two elements in the kernel, start and the key after its end; this type is
/// always the whole range, the codec converts.</remarks>
public sealed record NftElement
{
    // What few elements have, so that the many do not carry it.
    private readonly Rare? _rare;

    /// <summary>An element of a set.</summary>
    public NftElement(NftValue key) => Key = key;

    /// <summary>An element of a map with data.</summary>
    public NftElement(NftValue key, NftValue data)
    {
        Key = key;
        Data = data;
    }

    /// <summary>An element of a verdict map.</summary>
    public NftElement(NftValue key, NftVerdict verdict)
    {
        Key = key;
        Verdict = verdict;
    }

    /// <summary>The key, or the first key of a range; empty for the catch-all element.</summary>
    public NftValue Key { get; init; }

    /// <summary>The last key of a range; empty for a single key.</summary>
    public NftValue KeyEnd { get => _rare?.KeyEnd ?? default; init => _rare = value.IsEmpty && _rare is null ? null : Others with { KeyEnd = value }; }

    /// <summary>What the key maps to; empty in sets and verdict maps.</summary>
    public NftValue Data { get; init; }

    /// <summary>The verdict that the key maps to; null elsewhere.</summary>
    public NftVerdict? Verdict { get; init; }

    /// <summary>How long the element lives since it was added or updated; zero for the set's own timeout, or for ever.</summary>
    public TimeSpan Timeout { get => _rare?.Timeout ?? default; init => _rare = Others with { Timeout = value }; }

    /// <summary>How much of <see cref="Timeout"/> is left.</summary>
    public TimeSpan Expiration { get => _rare?.Expiration ?? default; init => _rare = Others with { Expiration = value }; }

    /// <summary>The comment in the element's user data.</summary>
    public string? Comment { get => _rare?.Comment; init => _rare = value is null && _rare is null ? null : Others with { Comment = value }; }

    /// <summary>True for the element <c>*</c>, which matches what no other does.</summary>
    public bool IsCatchAll { get => _rare?.IsCatchAll ?? false; init => _rare = Others with { IsCatchAll = value }; }

    /// <summary>Counters and limits of this element.</summary>
    public ValueList<NftExpression> Expressions { get => _rare?.Expressions ?? default; init => _rare = Others with { Expressions = value }; }

    /// <summary>Attributes of the kernel that this type has no property for.</summary>
    public ValueList<UnknownAttribute> Unknown { get => _rare?.Unknown ?? default; init => _rare = Others with { Unknown = value }; }

    internal bool IsPlain => _rare is null;

    private Rare Others => _rare ?? new Rare();

    /// <summary>An element for a prefix such as 10.0.0.0/8, in a set of intervals.</summary>
    public static NftElement Of(IpPrefix prefix) => new(NftValue.Of(prefix.Address))
    {
        KeyEnd = prefix.Length == prefix.Address.BitCount ? default : NftValue.Of(prefix.Last),
    };

    /// <summary>An element for one address.</summary>
    public static NftElement Of(IpAddress address) => new(NftValue.Of(address));

    /// <inheritdoc/>
    public bool Equals(NftElement? other) =>
        other is not null && Key == other.Key && Data == other.Data && Verdict == other.Verdict && Others == other.Others;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Key, Data, Verdict);

    internal NftElement AsDeclared() => IsPlain ? this : this with
    {
        Expiration = default,
        Unknown = default,
        Expressions = Expressions.Select(static expression => expression.AsDeclared()).ToValueList(),
    };

    private sealed record Rare
    {
        public NftValue KeyEnd { get; init; }

        public TimeSpan Timeout { get; init; }

        public TimeSpan Expiration { get; init; }

        public string? Comment { get; init; }

        public bool IsCatchAll { get; init; }

        public ValueList<NftExpression> Expressions { get; init; }

        public ValueList<UnknownAttribute> Unknown { get; init; }
    }
}
