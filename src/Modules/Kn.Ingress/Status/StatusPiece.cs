using Kn.Kubernetes.Api;
using Kn.Primitives;

namespace Kn.Ingress.Status;

/// <summary>What the cluster is told of an Ingress.</summary>
/// <param name="Entries">Where it is found.</param>
/// <param name="Problems">What of it is not done.</param>
internal sealed record StatusPiece(ValueList<LoadBalancerEntry> Entries, ValueList<string> Problems);
