using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Kinds;

namespace Kn.Lab.ApiServer.Discovery;

/// <summary>What a client asks first: which groups, versions and resources there are.</summary>
internal static class DiscoveryDocuments
{
    /// <summary>The Kubernetes version whose behaviour the lab follows.</summary>
    public const string GitVersion = "v1.32.0+kn-lab";

    /// <summary>/version.</summary>
    public static JsonObject Version() => new()
    {
        ["major"] = "1",
        ["minor"] = "32",
        ["gitVersion"] = GitVersion,
        ["gitCommit"] = "",
        ["gitTreeState"] = "clean",
        ["buildDate"] = "1970-01-01T00:00:00Z",
        ["goVersion"] = "",
        ["compiler"] = "dotnet",
        ["platform"] = "linux/" + (RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64"),
    };

    /// <summary>/api.</summary>
    public static JsonObject CoreVersions(string serverAddress) => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = JsonTree.Array(["v1"]),
        ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = serverAddress }),
    };

    /// <summary>/apis.</summary>
    public static JsonObject Groups(KindCatalog kinds) => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = JsonTree.Array(GroupVersions(kinds).Select(static group => (JsonNode?)GroupEntry(group))),
    };

    /// <summary>/apis/GROUP, or null.</summary>
    public static JsonObject? Group(KindCatalog kinds, string name)
    {
        var group = GroupVersions(kinds).FirstOrDefault(candidate => candidate.Key == name);
        if (group is null)
        {
            return null;
        }

        var entry = GroupEntry(group);
        entry["kind"] = "APIGroup";
        entry["apiVersion"] = "v1";
        return entry;
    }

    /// <summary>/api/v1 and /apis/GROUP/VERSION, or null.</summary>
    public static JsonObject? Resources(KindCatalog kinds, string group, string version)
    {
        var list = new JsonArray();
        foreach (var kind in kinds.All.Where(kind => kind.Resource.Group == group && kind.Resource.Version == version))
        {
            foreach (var entry in Entries(kind))
            {
                list.Add((JsonNode)entry);
            }
        }

        foreach (var (reviewGroup, plural, reviewKind) in AccessReviews.Kinds)
        {
            if (reviewGroup == group && version == "v1")
            {
                list.Add((JsonNode)Entry(plural, "", reviewKind, namespaced: plural.StartsWith("local", StringComparison.Ordinal), ["create"]));
            }
        }

        return list.Count == 0 ? null : new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}",
            ["resources"] = list,
        };
    }

    /// <summary>Every group and its versions, but the core group.</summary>
    public static IEnumerable<Group<string, string>> GroupVersions(KindCatalog kinds) => kinds.All
        .Select(static kind => (kind.Resource.Group, kind.Resource.Version))
        .Concat(AccessReviews.Kinds.Select(static review => (review.Group, Version: "v1")))
        .Where(static pair => pair.Group.Length > 0).Distinct()
        .GroupBy(static pair => pair.Group, static pair => pair.Version, StringComparer.Ordinal);

    private static JsonObject GroupEntry(Group<string, string> group)
    {
        var versions = group.Select(version => (JsonNode?)new JsonObject { ["groupVersion"] = $"{group.Key}/{version}", ["version"] = version }).ToList();
        return new JsonObject { ["name"] = group.Key, ["preferredVersion"] = versions[0]?.DeepClone(), ["versions"] = JsonTree.Array(versions) };
    }

    private static IEnumerable<JsonObject> Entries(ResourceKind kind)
    {
        var resource = kind.Resource;
        var entry = Entry(resource.Plural, resource.Kind.ToLowerInvariant(), resource.Kind, resource.Namespaced,
            ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]);
        entry["shortNames"] = JsonTree.Array(kind.ShortNames);
        entry["categories"] = JsonTree.Array(kind.Categories);
        yield return entry;
        if (kind.HasStatus)
        {
            yield return Entry(resource.Plural + "/status", "", resource.Kind, resource.Namespaced, ["get", "patch", "update"]);
        }

        if (kind.HasScale)
        {
            var scale = Entry(resource.Plural + "/scale", "", "Scale", resource.Namespaced, ["get", "patch", "update"]);
            scale["group"] = "autoscaling";
            scale["version"] = "v1";
            yield return scale;
        }

        if (resource == ApiResources.Pods)
        {
            yield return Entry("pods/binding", "", "Binding", true, ["create"]);
            var eviction = Entry("pods/eviction", "", "Eviction", true, ["create"]);
            eviction["group"] = "policy";
            eviction["version"] = "v1";
            yield return eviction;
        }

        if (resource == ApiResources.Namespaces)
        {
            yield return Entry("namespaces/finalize", "", "Namespace", false, ["update"]);
        }
    }

    private static JsonObject Entry(string name, string singular, string kind, bool namespaced, IEnumerable<string> verbs) => new()
    {
        ["name"] = name,
        ["singularName"] = singular,
        ["namespaced"] = namespaced,
        ["kind"] = kind,
        ["verbs"] = JsonTree.Array(verbs),
    };
}
