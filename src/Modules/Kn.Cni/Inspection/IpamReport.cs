using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kn.Cni.Inspection;

/// <summary>The answer to <c>kn ipam show</c>; also its JSON form, which is stable.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Pools">The node's podCIDRs.</param>
/// <param name="Attachments">Who has which address.</param>
public sealed record IpamReport(string Node, IReadOnlyList<PoolReport> Pools, IReadOnlyList<AttachmentReport> Attachments);

/// <summary>How full a podCIDR is.</summary>
/// <param name="Prefix">The podCIDR.</param>
/// <param name="Used">Addresses in use.</param>
/// <param name="Free">Addresses that can be given out, cooling ones included.</param>
/// <param name="Cooling">Of the free ones, those that were in use a moment ago.</param>
/// <param name="Reserved">Addresses that no pod gets.</param>
public sealed record PoolReport(string Prefix, int Used, int Free, int Cooling, int Reserved);

/// <summary>An attachment.</summary>
/// <param name="Addresses">Its addresses.</param>
/// <param name="Pod">namespace/name; null where the runtime named none.</param>
/// <param name="Container">CNI_CONTAINERID; null for a pod without a record.</param>
/// <param name="Interface">CNI_IFNAME; null likewise.</param>
/// <param name="Network">The network's name; null likewise.</param>
/// <param name="Link">The node's end.</param>
/// <param name="Namespace">Path of its network namespace; null likewise.</param>
/// <param name="State">beginning, halfMade, running, cut, gone, deserted (Kn.Cni's README says what they mean) or noRecord.</param>
/// <param name="Since">When ADD came; null where that is not known.</param>
public sealed record AttachmentReport(
    IReadOnlyList<string> Addresses,
    string? Pod,
    string? Container,
    string? Interface,
    string? Network,
    string Link,
    string? Namespace,
    string State,
    DateTimeOffset? Since);

/// <summary>The answer to <c>kn ipam check</c>; also its JSON form, which is stable.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Attachments">How many attachments were looked at.</param>
/// <param name="Api">True when the API's pods were compared; false when the API server is away.</param>
/// <param name="Faults">What does not fit.</param>
public sealed record IpamCheckReport(string Node, int Attachments, bool Api, IReadOnlyList<IpamFault> Faults)
{
    /// <summary>Whether a fault is left that was not repaired.</summary>
    [JsonIgnore]
    public bool IsFaulty => Faults.Any(static fault => !fault.Repaired);
}

/// <summary>Something in journal, kernel or API that does not fit the others.</summary>
/// <param name="Kind">What kind; see <see cref="IpamFaultKinds"/>.</param>
/// <param name="Subject">The address, link or pod that it is about.</param>
/// <param name="Message">What is wrong, in words.</param>
/// <param name="Remedy">What <c>--repair</c> does about it; null when it can do nothing.</param>
/// <param name="Repaired">Whether that was done.</param>
/// <param name="Failure">Why it could not be done.</param>
public sealed record IpamFault(string Kind, string Subject, string Message, string? Remedy = null, bool Repaired = false, string? Failure = null);

/// <summary>The answer to <c>kn ipam release</c>.</summary>
/// <param name="Address">The address.</param>
/// <param name="Released">Whether it is free now.</param>
/// <param name="Message">What was done, or why not.</param>
public sealed record IpamReleaseReport(string Address, bool Released, string Message);

/// <summary>The kinds of faults; stable names.</summary>
public static class IpamFaultKinds
{
    /// <summary>Lines of the journal cannot be read, or it says something else than the agent knows.</summary>
    public const string Journal = "journal";

    /// <summary>An ADD that was neither finished nor undone.</summary>
    public const string HalfMade = "halfMade";

    /// <summary>An attachment whose namespace and link are gone.</summary>
    public const string Gone = "gone";

    /// <summary>An attachment whose container is gone.</summary>
    public const string Deserted = "deserted";

    /// <summary>A pod that lost its link.</summary>
    public const string Cut = "cut";

    /// <summary>A pod that runs without a record.</summary>
    public const string NoRecord = "noRecord";

    /// <summary>Something of a pod's end on the node is missing.</summary>
    public const string NodeEnd = "nodeEnd";

    /// <summary>A route to a pod's address that leads elsewhere.</summary>
    public const string Route = "route";

    /// <summary>An address that is in use, and nobody's.</summary>
    public const string Leaked = "leaked";

    /// <summary>An address that a pod has, and that counts as free.</summary>
    public const string Untracked = "untracked";

    /// <summary>Two attachments with one address.</summary>
    public const string Shared = "shared";

    /// <summary>The API has a running pod that the node has not attached.</summary>
    public const string Unattached = "unattached";

    /// <summary>The API says another address than the pod has.</summary>
    public const string PodIps = "podIPs";

    /// <summary>A pod that asked for an address and has another one.</summary>
    public const string Wanted = "wanted";
}

/// <summary>The JSON of <c>kn ipam</c>.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(IpamReport))]
[JsonSerializable(typeof(IpamCheckReport))]
[JsonSerializable(typeof(IpamReleaseReport))]
public sealed partial class IpamJson : JsonSerializerContext
{
    /// <summary>Escapes only what JSON must: it is printed for people and jq, not into a web page.</summary>
    internal static IpamJson Readable { get; } = new(new JsonSerializerOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
    });
}
