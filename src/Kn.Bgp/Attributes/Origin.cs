namespace Kn.Bgp.Attributes;

/// <summary>How the prefix came into BGP, RFC 4271 §5.1.1; the lower is preferred.</summary>
public enum Origin : byte
{
    /// <summary>From inside the AS that announces it.</summary>
    Igp = 0,

    /// <summary>By the EGP protocol.</summary>
    Egp = 1,

    /// <summary>By other means, mostly redistribution.</summary>
    Incomplete = 2,
}
