namespace Kn.Cni;

/// <summary>How pods are joined to the node.</summary>
public enum AttachmentMode
{
    /// <summary>A veth of its own for each pod and a route to each address; no bridge.</summary>
    Routed,

    /// <summary>A port of a bridge for each pod.</summary>
    Bridge,
}
