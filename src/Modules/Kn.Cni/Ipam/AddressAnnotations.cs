using System.Text.Json;
using Kn.Cni.Protocol;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>Addresses that a pod asks for by annotation. Pure.</summary>
/// <remarks>Our own is <c>kn.internal/ip-addresses</c>. Calico's <c>cni.projectcalico.org/ipAddrs</c> is read as well, so that its users can
/// switch: a JSON list of addresses. Both take either form, a list with commas or a JSON list.</remarks>
internal static class AddressAnnotations
{
    /// <summary>Our annotation.</summary>
    public const string Own = "kn.internal/ip-addresses";

    /// <summary>Calico's.</summary>
    public const string Calico = "cni.projectcalico.org/ipAddrs";

    /// <summary>What the pod asks for, and by which annotation; ours wins.</summary>
    /// <exception cref="CniException">Code 104: the annotation's value is something else.</exception>
    public static AddressRequest Read(Pod? pod)
    {
        foreach (var name in (ReadOnlySpan<string>)[Own, Calico])
        {
            if (pod?.Metadata.Annotations.Find(name) is { } value && !string.IsNullOrWhiteSpace(value))
            {
                return new AddressRequest(ReadAddresses(name, value), $"the pod's annotation {name}");
            }
        }

        return AddressRequest.Any;
    }

    private static ValueList<IpAddress> ReadAddresses(string name, string value)
    {
        try
        {
            var words = value.TrimStart().StartsWith('[') ? ReadJson(value) : value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            return words.Select(static word => IpAddress.Parse(word)).Distinct().ToValueList();
        }
        catch (Exception error) when (error is FormatException or JsonException or InvalidOperationException)
        {
            throw new CniException(
                CniErrorCode.AddressRefused,
                $"the pod's annotation {name} is not a list of addresses such as 10.244.1.5,fd00::5 or [\"10.244.1.5\"]",
                error.Message,
                error);
        }
    }

    private static IEnumerable<string> ReadJson(string value)
    {
        using var document = JsonDocument.Parse(value);
        return [.. document.RootElement.EnumerateArray().Select(static item => item.GetString() ?? "")];
    }
}
