using System.Text.Json.Serialization;

namespace Kn.Lab;

/// <summary>What <c>kn-lab up</c> was told; the daemon reads it from lab.json.</summary>
internal sealed record LabOptions
{
    /// <summary>The lab's name.</summary>
    public required string Name { get; init; }

    /// <summary>The folder of everything that the lab keeps.</summary>
    public required string Folder { get; init; }

    /// <summary>How many nodes.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>1, or 2 with a router between.</summary>
    public int Segments { get; init; } = 1;

    /// <summary>Path of the kn binary; empty means no agent: whoever wants a network puts plugins there.</summary>
    public string Kn { get; init; } = "";

    /// <summary>The folder of CNI plugins; empty means the one that the agent fills.</summary>
    public string CniPlugins { get; init; } = "";

    /// <summary>The kubeconfig of an API server that already runs; empty for the lab's own.</summary>
    public string Kubeconfig { get; init; } = "";

    /// <summary>Which controllers the lab runs.</summary>
    public IReadOnlyList<string> Controllers { get; init; } = ControllerChoice.All;

    /// <summary>Port of the lab's own API server on 127.0.0.1; 0 picks one.</summary>
    public int ApiPort { get; init; }

    /// <summary>What pods take addresses from.</summary>
    public IReadOnlyList<string> PodCidrs { get; init; } = ["10.244.0.0/16", "fd00:10:244::/56"];

    /// <summary>What Services take addresses from.</summary>
    public IReadOnlyList<string> ServiceCidrs { get; init; } = ["10.96.0.0/16", "fd00:10:96::/112"];

    /// <summary>The name servers in pods' resolv.conf: the tenth address of the Services', as kubeadm has it.</summary>
    public IReadOnlyList<string> ClusterDns { get; init; } = ["10.96.0.10"];

    /// <summary>Further top-level sections of every node's kn.yaml, as YAML text.</summary>
    public string AgentConfig { get; init; } = "";

    /// <summary>The file that this is written to.</summary>
    [JsonIgnore]
    public string File => Path.Combine(Folder, "lab.json");

    /// <summary>Where the daemon is asked things.</summary>
    [JsonIgnore]
    public string ControlSocket => Path.Combine(Folder, "control.sock");

    /// <summary>Where the daemon writes what it does.</summary>
    [JsonIgnore]
    public string Log => Path.Combine(Folder, "lab.log");

    /// <summary>The kubeconfig for users.</summary>
    [JsonIgnore]
    public string UserKubeconfig => Kubeconfig.Length > 0 ? Kubeconfig : Path.Combine(Folder, "api", "kubeconfig");
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LabOptions))]
[JsonSerializable(typeof(LabStatus))]
internal sealed partial class LabJson : JsonSerializerContext;
