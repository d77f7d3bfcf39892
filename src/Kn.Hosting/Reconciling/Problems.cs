using Kn.Kubernetes.Objects;

namespace Kn.Hosting.Reconciling;

/// <summary>Collects what a plan could not honour: it is logged once, counted, and shown by <c>kn status</c> while it lasts.</summary>
public sealed class Problems
{
    private readonly List<Problem> _problems = [];

    /// <summary>What was reported so far.</summary>
    public IReadOnlyList<Problem> All => _problems;

    /// <summary>Reports that something asked for by an object is not done.</summary>
    /// <param name="source">The object that asks for it.</param>
    /// <param name="message">What is not done, why, and what to do about it.</param>
    public void Add(KubernetesObject source, string message) => _problems.Add(new Problem(source.GetType().Name, source.Key, message));
}

/// <summary>Something that an object asks for and that is not done.</summary>
public readonly record struct Problem(string Kind, ObjectKey Key, string Message);
