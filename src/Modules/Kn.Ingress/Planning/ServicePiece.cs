using Kn.Ingress.Routing;
using Kn.Primitives;

namespace Kn.Ingress.Planning;

/// <summary>Where a Service's ports lead.</summary>
/// <param name="Ports">Its TCP ports.</param>
internal sealed record ServicePiece(ValueList<PortPiece> Ports) : RoutePiece
{
    /// <summary>The name in the world outside that it stands for; empty for a Service of the cluster.</summary>
    public string ExternalName { get; init; } = "";

    /// <summary>The addresses of that name, as far as they are known.</summary>
    public ValueList<IpAddress> Addresses { get; init; }

    /// <summary>The endpoints of the port that is meant; empty where the Service has no such port.</summary>
    public ValueList<EndpointAddress> Find(BackendRef name)
    {
        if (ExternalName.Length > 0)
        {
            var number = name.PortNumber > 0 ? name.PortNumber : Ports.Where(port => port.Name == name.PortName).Select(static port => port.Number).FirstOrDefault();
            return number == 0 ? default : Addresses.Select(address => new EndpointAddress(address, number)).ToValueList();
        }

        foreach (var port in Ports)
        {
            if (name.PortNumber > 0 ? port.Number == name.PortNumber : port.Name == name.PortName)
            {
                return port.Endpoints;
            }
        }

        return default;
    }
}

/// <summary>A port's endpoints.</summary>
/// <param name="Number">The port's number.</param>
/// <param name="Name">Its name; empty for the only one.</param>
/// <param name="Endpoints">Where it leads.</param>
internal sealed record PortPiece(ushort Number, string Name, ValueList<EndpointAddress> Endpoints);

/// <summary>Where a request can be sent.</summary>
/// <param name="Address">The address.</param>
/// <param name="Port">The port.</param>
internal readonly record struct EndpointAddress(IpAddress Address, ushort Port);
