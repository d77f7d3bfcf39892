namespace Kn.Cni.Plain;

/// <summary>How containers are joined to the host.</summary>
public enum PlainAttachment
{
    /// <summary>A veth of its own for each container and a route to each address; no bridge.</summary>
    Routed,

    /// <summary>A port of a bridge for each container.</summary>
    Bridge,
}
