using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.ApiServer.Discovery;

/// <summary>Questions about permissions: whoever is authenticated may do everything, and hears so.</summary>
internal static class AccessReviews
{
    public static IReadOnlyList<(string Group, string Plural, string Kind)> Kinds { get; } =
    [
        ("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
        ("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview"),
        ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
    ];

    /// <summary>The answer to a review; null when the path is no review.</summary>
    public static JsonObject? Answer(ReadOnlySpan<string> segments, JsonObject review, string user)
    {
        if (segments is not ["apis", var group, "v1", var plural] || Kinds.FirstOrDefault(kind => kind.Group == group && kind.Plural == plural).Kind is not { } name)
        {
            return null;
        }

        review["apiVersion"] = group + "/v1";
        review["kind"] = name;
        review["status"] = name switch
        {
            "SelfSubjectReview" => new JsonObject { ["userInfo"] = new JsonObject { ["username"] = user, ["groups"] = JsonTree.Array(["system:masters", "system:authenticated"]) } },
            "SelfSubjectRulesReview" => new JsonObject
            {
                ["incomplete"] = false,
                ["nonResourceRules"] = new JsonArray(new JsonObject { ["verbs"] = JsonTree.Array(["*"]), ["nonResourceURLs"] = JsonTree.Array(["*"]) }),
                ["resourceRules"] = new JsonArray(new JsonObject { ["verbs"] = JsonTree.Array(["*"]), ["apiGroups"] = JsonTree.Array(["*"]), ["resources"] = JsonTree.Array(["*"]) }),
            },
            _ => new JsonObject { ["allowed"] = true, ["reason"] = "the lab allows everything to whoever is authenticated" },
        };
        return review;
    }
}
