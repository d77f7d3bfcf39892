namespace Kn.Linux.Routes;

/// <summary>What a monitor listens to.</summary>
[Flags]
public enum RouteMonitorGroups
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Links.</summary>
    Links = 1,

    /// <summary>Addresses of both families.</summary>
    Addresses = 2,

    /// <summary>Routes of both families.</summary>
    Routes = 4,

    /// <summary>Neighbours and FDB entries, learned ones too: much traffic.</summary>
    Neighbours = 8,

    /// <summary>Rules of both families.</summary>
    Rules = 16,

    /// <summary>Qdiscs.</summary>
    Qdiscs = 32,

    /// <summary>All of them.</summary>
    All = Links | Addresses | Routes | Neighbours | Rules | Qdiscs,
}
