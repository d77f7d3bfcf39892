using Kn.Kubernetes.Objects;
using Kn.Policy.Explaining;
using Kn.Policy.Planning;

namespace Kn.Policy.Drops;

/// <summary>What is to blame where a packet is dropped: the policies that isolate the pod, or what stands for them. Pure.</summary>
/// <remarks>No name of an object has brackets.</remarks>
public static class DropCauses
{
    /// <summary>The config's defaultDeny.</summary>
    public const string DefaultDeny = "(defaultDeny)";

    /// <summary>The old annotation of the pod's namespace.</summary>
    public const string Annotation = "(annotation)";

    /// <summary>Nothing isolates the pod by now: the policy is gone again, or the packet was malformed.</summary>
    public const string Nothing = "(none)";

    /// <summary>No pod of the API has the address: it has not been told of yet, or is gone.</summary>
    public const string Unlisted = "(unlisted)";

    /// <summary>Of a pod in one direction; at least one.</summary>
    internal static IReadOnlyList<DropCause> Of(PolicyExplainer explainer, Pod? pod, PolicyDirection direction)
    {
        if (pod is null)
        {
            return [new DropCause("", Unlisted)];
        }

        var (policies, byConfig, byAnnotation) = explainer.Isolation(pod, direction);
        var @namespace = pod.Metadata.Namespace;
        var causes = policies.Select(static policy => new DropCause(policy.Namespace, policy.Name)).ToList();
        if (byConfig)
        {
            causes.Add(new DropCause(@namespace, DefaultDeny));
        }

        if (byAnnotation)
        {
            causes.Add(new DropCause(@namespace, Annotation));
        }

        return causes.Count > 0 ? causes : [new DropCause(@namespace, Nothing)];
    }
}

/// <summary>A policy, or what stands for one.</summary>
/// <param name="Namespace">The pod's namespace; empty where no pod is known.</param>
/// <param name="Policy">The policy's name, or a word in brackets.</param>
internal readonly record struct DropCause(string Namespace, string Policy)
{
    /// <inheritdoc/>
    public override string ToString() => Policy[0] == '(' ? Policy : $"{Namespace}/{Policy}";
}
