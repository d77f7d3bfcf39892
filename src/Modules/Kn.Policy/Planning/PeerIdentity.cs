using Kn.Primitives;

namespace Kn.Policy.Planning;

/// <summary>What policies can see of a pod: pods that are equal in this are treated alike by every policy of the cluster.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="PodLabels">Those of its labels that some selector asks for.</param>
/// <param name="NamespaceLabels">Those of its namespace's labels that some selector asks for; null while the namespace is not known.</param>
/// <param name="Ports">Those of its named ports that some egress rule names, sorted.</param>
internal sealed record PeerIdentity(
    string Namespace, ValueMap<string, string> PodLabels, ValueMap<string, string>? NamespaceLabels, ValueList<NamedPort> Ports)
{
    /// <summary>Adds it to a hash that is the same in every process.</summary>
    public StableHash AddTo(StableHash hash)
    {
        hash = AddLabels(hash.Add(Namespace), PodLabels);
        hash = NamespaceLabels is { } labels ? AddLabels(hash.Add(1), labels) : hash.Add(0);
        foreach (var port in Ports)
        {
            hash = hash.Add(port.Name).Add((uint)port.Protocol).Add(port.Port);
        }

        return hash;
    }

    private static StableHash AddLabels(StableHash hash, ValueMap<string, string> labels)
    {
        foreach (var (key, value) in labels.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            hash = hash.Add(key).Add(value);
        }

        return hash.Add((uint)labels.Count);
    }
}
