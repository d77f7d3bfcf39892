namespace Kn.Policy.Planning;

/// <summary>Which way a connection is opened, seen from the pod that a policy selects.</summary>
internal enum PolicyDirection : byte
{
    /// <summary>To the pod.</summary>
    Ingress,

    /// <summary>From the pod.</summary>
    Egress,
}
