using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Policy.Explaining;

/// <summary>A connection that somebody asks about: addresses and port as they are after a Service's translation.</summary>
/// <param name="Source">Who opens it.</param>
/// <param name="Destination">Who is to receive it.</param>
/// <param name="Protocol">Its protocol; null for one without ports, such as ICMP.</param>
/// <param name="Port">The receiver's port.</param>
internal sealed record FlowQuestion(IpAddress Source, IpAddress Destination, IpProtocol? Protocol, ushort Port);
