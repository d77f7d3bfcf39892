namespace Kn.Primitives;

/// <summary>The two address families; the values are the IP version numbers.</summary>
public enum IpFamily : byte
{
    /// <summary>IPv4, 4 bytes an address.</summary>
    V4 = 4,

    /// <summary>IPv6, 16 bytes an address.</summary>
    V6 = 6,
}
