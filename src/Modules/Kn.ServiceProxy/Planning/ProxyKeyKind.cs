namespace Kn.ServiceProxy.Planning;

/// <summary>What a piece of the proxy's state is about.</summary>
public enum ProxyKeyKind : byte
{
    /// <summary>One port of one Service.</summary>
    ServicePort,

    /// <summary>The table itself: its version and its rules.</summary>
    Table,

    /// <summary>What holds for the whole node: which addresses are pods, which are ClusterIPs.</summary>
    Node,

    /// <summary>What is in the table and belongs to nobody. Never planned, so that reading it back means deleting it.</summary>
    Strays,
}
