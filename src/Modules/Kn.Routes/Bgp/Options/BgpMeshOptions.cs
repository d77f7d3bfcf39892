using Kn.Hosting.Options;

namespace Kn.Routes.Bgp.Options;

/// <summary>Sessions between the nodes, config section <c>routes.bgp.nodeMesh</c>.</summary>
public sealed record BgpMeshOptions
{
    /// <summary>Default auto: with <c>routes.mode: bgp</c>, which needs it.</summary>
    public BgpMesh Mode { get; init; } = BgpMesh.Auto;

    /// <summary>A file with the TCP MD5 key of all these sessions, alike on every node. Default none.</summary>
    public string PasswordFile { get; init; } = "";

    /// <summary>Watch the paths to nodes on the same segment by BFD. Default false: a thousand nodes would send three thousand packets a second.</summary>
    public bool Bfd { get; init; }

    internal void Validate(OptionErrors errors, string prefix) =>
        errors.Require(PasswordFile.Length == 0 || Path.IsPathFullyQualified(PasswordFile), prefix + nameof(PasswordFile), $"'{PasswordFile}' must be an absolute path");
}

/// <summary>Whether nodes speak BGP with each other.</summary>
public enum BgpMesh
{
    /// <summary>With <c>routes.mode: bgp</c>.</summary>
    Auto,

    /// <summary>Every node with every node of its AS, or by way of route reflectors where there are some.</summary>
    Full,

    /// <summary>Not at all: routers tell each node what the others have.</summary>
    None,
}
