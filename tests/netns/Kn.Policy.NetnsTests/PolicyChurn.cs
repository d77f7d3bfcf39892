using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using static Kn.Policy.Tests.Build;

namespace Kn.Policy.NetnsTests;

/// <summary>Random changes to two clients of a/web and to the policies that allow them, and who is allowed after each. The same changes every time.</summary>
internal sealed class PolicyChurn
{
    private static readonly string[] Values = ["yes", "no", "also"];
    private readonly Random _random = new(6);
    private readonly string?[] _may = [null, null];
    private readonly int[] _names = [0, 0];
    private bool _hasSecond = true;

    /// <summary>What there is before the first change.</summary>
    public static NetworkPolicy[] Policies => [Policy("a/p", "yes"), Policy("a/q", "also")];

    /// <summary>Whether a peer is allowed: a pod has its addresses, with a label that a policy asks for.</summary>
    public bool Allows(int peer) => _may[peer] == "yes" || (_may[peer] == "also" && _hasSecond);

    /// <summary>Both peers.</summary>
    public bool[] All() => [Allows(0), Allows(1)];

    /// <summary>The next change: a policy comes or goes, a pod's label changes, a pod goes, or another pod gets its addresses.</summary>
    public (ResourceKind Kind, ObjectDelta[] Deltas) Next()
    {
        var (kind, peer) = (_random.Next(10), _random.Next(2));
        if (kind < 2)
        {
            _hasSecond = !_hasSecond;
            return (ResourceKinds.NetworkPolicies, [_hasSecond ? ObjectDelta.Set(Policy("a/q", "also")) : ObjectDelta.Gone(new ObjectKey("a", "q"))]);
        }

        var old = Peer(peer, _names[peer], "").Key;
        if (kind == 2)
        {
            _may[peer] = null;
            return (ResourceKinds.Pods, [ObjectDelta.Gone(old)]);
        }

        var may = Values[_random.Next(Values.Length)];
        _may[peer] = may;
        return (ResourceKinds.Pods, kind > 4
            ? [ObjectDelta.Set(Peer(peer, _names[peer], may))]
            : [ObjectDelta.Gone(old), ObjectDelta.Set(Peer(peer, ++_names[peer], may))]);
    }

    private static NetworkPolicy Policy(string key, string may) => PolicyOf(
        key, """{"podSelector":{"matchLabels":{"app":"web"}},"ingress":[{"from":[{"namespaceSelector":{},"podSelector":{"matchLabels":{"may":"MAY"}}}],"ports":[{"port":80}]}]}""".Replace("MAY", may, StringComparison.Ordinal));

    private static Pod Peer(int peer, int number, string may) => Pod($"{(peer == 0 ? "a" : "b")}/c{number}", "n1", $"may={may}", $"10.0.1.{peer + 2}", $"fd00:10:1::{peer + 2}");
}
