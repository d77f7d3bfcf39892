using Kn.Kubernetes.Objects;

namespace Kn.Dns.Zone;

/// <summary>Names a piece of the zone: the object whose names it holds.</summary>
internal readonly record struct DnsKey(DnsKeyKind Kind, ObjectKey Object)
{
    /// <summary>The kind, then the object.</summary>
    public override string ToString() => $"{Kind} {Object}";
}

/// <summary>What kind of object names come from.</summary>
internal enum DnsKeyKind : byte
{
    /// <summary>A Service, with its endpoints where it is headless.</summary>
    Service,

    /// <summary>A Namespace.</summary>
    Namespace,

    /// <summary>A Pod, when pod records are verified.</summary>
    Pod,
}
