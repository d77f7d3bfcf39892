using System.Net;
using Kn.Primitives;

namespace Kn.Lab.ApiServer;

/// <summary>Settings of the lab's API server.</summary>
public sealed record LabApiServerOptions
{
    /// <summary>Holds the certificates, the token and the kubeconfig; they are made where missing, so a restart keeps its clients.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where to listen. Loopback, because the lab is one machine; the underlay's address when nodes must reach it.</summary>
    public IPAddress BindAddress { get; init; } = IPAddress.Loopback;

    /// <summary>0 picks a free port.</summary>
    public int Port { get; init; }

    /// <summary>What the kubeconfig and the kubernetes Service's endpoints say, where it is not the bind address.</summary>
    public IPAddress? AdvertiseAddress { get; init; }

    /// <summary>Where ClusterIPs come from; the first one's family is the primary.</summary>
    public ValueList<IpPrefix> ServicePrefixes { get; init; } =
        [IpPrefix.Parse("10.96.0.0/16"), IpPrefix.Parse("fd00:10:96::/112")];

    /// <summary>Changes kept for each kind; a watch from before them gets 410 Gone. Ten thousand bridges minutes of churn at little memory.</summary>
    public int WatchHistory { get; init; } = 10_000;

    /// <summary>How often a watch that asked for bookmarks gets one. Kubernetes: about a minute.</summary>
    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Further names or addresses that the server's certificate is for.</summary>
    public ValueList<string> ExtraNames { get; init; } = [];

    /// <summary>The clock; tests put their own.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
