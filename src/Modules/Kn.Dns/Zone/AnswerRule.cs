namespace Kn.Dns.Zone;

/// <summary>What decided on an answer; <c>kn dns query</c> tells it.</summary>
internal enum AnswerRule : byte
{
    /// <summary>Not of the zone, and no address of it.</summary>
    None,

    /// <summary>The cluster is not known yet.</summary>
    NotSynced,

    /// <summary>Zone transfers are refused.</summary>
    Transfer,

    /// <summary>No such name.</summary>
    NoName,

    /// <summary>A name that has nothing itself, but names below it.</summary>
    EmptyNonTerminal,

    /// <summary>The cluster domain itself.</summary>
    Apex,

    /// <summary>The zone's name server: the cluster DNS address.</summary>
    NameServer,

    /// <summary>The version of the specification.</summary>
    Version,

    /// <summary>A Service's ClusterIPs, or all its ports.</summary>
    Service,

    /// <summary>A headless Service's endpoints.</summary>
    Headless,

    /// <summary>One endpoint's name.</summary>
    Endpoint,

    /// <summary>A named port.</summary>
    Port,

    /// <summary>An ExternalName.</summary>
    Alias,

    /// <summary>A pod's address as a name.</summary>
    PodAddress,

    /// <summary>An address's names.</summary>
    Reverse,
}
