using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Tables;

namespace Kn.Lab.ApiServer.Kinds;

/// <summary>Everything that makes one kind differ from another: names, columns, defaults, validation, what a write touches besides.</summary>
internal sealed class ResourceKind
{
    public required ApiResource Resource { get; init; }

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary>"all" is what kubectl get all lists.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Spec is written through the object, status through …/status, each leaving the other alone.</summary>
    public bool HasStatus { get; init; }

    /// <summary>A new object keeps the status it came with (a node registers with its addresses).</summary>
    public bool KeepsStatusOnCreate { get; init; }

    /// <summary>…/scale reads and writes spec.replicas.</summary>
    public bool HasScale { get; init; }

    /// <summary>metadata.generation counts changes of anything but metadata and status.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>A PUT creates what is missing.</summary>
    public bool CreatesOnUpdate { get; init; }

    /// <summary>A PUT must say which version it replaces.</summary>
    public bool NeedsVersionOnUpdate { get; init; }

    /// <summary>Custom resources take merge patches only.</summary>
    public bool IsCustom { get; init; }

    /// <summary>Fields besides metadata.name and metadata.namespace that a fieldSelector may name.</summary>
    public IReadOnlyCollection<string> SelectableFields { get; init; } = [];

    /// <summary>Table columns after the name; age comes last by itself.</summary>
    public IReadOnlyList<TableColumn> Columns { get; init; } = [TableColumn.Age];

    /// <summary>Which names are allowed.</summary>
    public NameRule NameRule { get; init; } = NameRule.Subdomain;

    /// <summary>Fills in what the user left out.</summary>
    public Action<JsonObject>? Default { get; init; }

    /// <summary>Fills in what the server hands out (addresses, ports); the second argument is the old object or null.</summary>
    public Action<JsonObject, JsonObject?, FieldErrors>? Allocate { get; init; }

    /// <summary>Says what is wrong; the second argument is the old object or null.</summary>
    public Action<JsonObject, JsonObject?, FieldErrors>? Validate { get; init; }

    /// <summary>Runs after a write took effect: old object or null, new object or null.</summary>
    public Action<JsonObject?, JsonObject?>? Committed { get; init; }

    public string ListKind => Resource.Kind + "List";
}

/// <summary>What metadata.name may look like.</summary>
internal enum NameRule
{
    /// <summary>RFC 1123 subdomain, up to 253 characters.</summary>
    Subdomain,

    /// <summary>RFC 1123 label, up to 63.</summary>
    Label,

    /// <summary>RFC 1035 label: begins with a letter (Services before 1.34).</summary>
    ServiceLabel,

    /// <summary>Anything that is one path segment (RBAC's system:node).</summary>
    PathSegment,
}
