namespace Kn.Lab.ApiServer.Patches;

/// <summary>Which lists merge by a key in a strategic merge patch; every other list is replaced whole.</summary>
/// <remarks>The patchStrategy and patchMergeKey tags of k8s.io/api types: core/v1, apps/v1, meta/v1.</remarks>
internal static class MergeKeys
{
    /// <summary>What a list of primitives that merges as a set answers.</summary>
    public const string Set = "";

    /// <summary>The merge key of the list at a path; <see cref="Set"/> for a set of primitives; null for a list that is replaced.</summary>
    /// <param name="path">Field names from the object's root, list positions left out: spec, template, spec, containers, ports.</param>
    public static string? Find(ReadOnlySpan<string> path) => (path.Length > 1 ? path[^2] : "", path[^1]) switch
    {
        ("metadata", "ownerReferences") => "uid",
        ("metadata", "finalizers") => Set,
        ("containers" or "initContainers" or "ephemeralContainers", "ports") => "containerPort",
        ("containers" or "initContainers" or "ephemeralContainers", "env") => "name",
        ("containers" or "initContainers" or "ephemeralContainers", "volumeMounts") => "mountPath",
        ("containers" or "initContainers" or "ephemeralContainers", "volumeDevices") => "devicePath",
        ("spec", "containers" or "initContainers" or "ephemeralContainers" or "volumes" or "imagePullSecrets") => "name",
        ("spec", "resourceClaims" or "schedulingGates") => "name",
        ("spec", "hostAliases") => "ip",
        ("spec", "topologySpreadConstraints") => "topologyKey",
        ("spec", "podCIDRs") => Set,
        ("spec", "ports") when path.Length == 2 => "port",
        ("status", "conditions" or "addresses") => "type",
        ("status", "podIPs" or "hostIPs") => "ip",
        (_, "secrets" or "imagePullSecrets") when path.Length == 1 => "name",
        _ => null,
    };

    /// <summary>Maps whose fields are replaced as a whole where the patch says $retainKeys: only documents the tag, the patch carries the list.</summary>
    public const string RetainKeys = "$retainKeys";
}
