namespace Kn.Dns.Zone;

/// <summary>Which names such as <c>10-244-1-7.default.pod.cluster.local</c> there are.</summary>
public enum PodRecords
{
    /// <summary>None.</summary>
    Disabled,

    /// <summary>Every one that has the form, in a namespace that exists: they say nothing of pods.</summary>
    Insecure,

    /// <summary>Those of pods that have the address, in that namespace.</summary>
    Verified,
}
