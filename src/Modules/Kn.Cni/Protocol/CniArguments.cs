using Kn.Kubernetes.Objects;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Protocol;

/// <summary>CNI_ARGS: extra arguments as <c>KEY=value;KEY=value</c>.</summary>
/// <param name="Pod">K8S_POD_NAMESPACE and K8S_POD_NAME; null unless both are given.</param>
/// <param name="PodUid">K8S_POD_UID; empty when not given.</param>
public sealed record CniArguments(ObjectKey? Pod, string PodUid)
{
    private const int MaxNameLength = 253;

    /// <summary>IP: addresses asked for, with ',' between them; lengths of masks are not kept.</summary>
    public ValueList<IpAddress> Ips { get; init; }

    /// <summary>MAC: the hardware address asked for.</summary>
    public MacAddress? Mac { get; init; }

    /// <summary>Without arguments.</summary>
    public static CniArguments None { get; } = new(null, "");

    /// <summary>Parses the variable.</summary>
    /// <remarks>Unknown keys are an error unless <c>IgnoreUnknown=1</c> is among the arguments (CNI CONVENTIONS.md, "CNI_ARGS").</remarks>
    /// <exception cref="CniException">Code 4.</exception>
    public static CniArguments Parse(string text)
    {
        string podNamespace = "", podName = "", podUid = "";
        ValueList<IpAddress> ips = default;
        MacAddress? mac = null;
        string? unknown = null;
        var ignoreUnknown = false;
        foreach (var pair in text.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw Invalid("expected KEY=value pairs with ';' between them");
            }

            var value = pair[(equals + 1)..];
            switch (pair[..equals])
            {
                case "K8S_POD_NAMESPACE":
                    podNamespace = CheckName("K8S_POD_NAMESPACE", value);
                    break;
                case "K8S_POD_NAME":
                    podName = CheckName("K8S_POD_NAME", value);
                    break;
                case "K8S_POD_UID":
                    podUid = CheckName("K8S_POD_UID", value);
                    break;
                case "IP":
                    ips = ReadIps(value);
                    break;
                case "MAC":
                    mac = RuntimeConfig.TryParseMac(value, out var address) ? address : throw Invalid("MAC is not a unicast MAC address");
                    break;
                case "K8S_POD_INFRA_CONTAINER_ID":
                    break;
                case "IgnoreUnknown":
                    ignoreUnknown = value is "1" or "true" or "True" or "TRUE" or "t" or "T";
                    break;
                case var key:
                    unknown ??= key;
                    break;
            }
        }

        if (unknown is not null && !ignoreUnknown)
        {
            throw Invalid($"unknown key '{unknown}', and IgnoreUnknown=1 is not given");
        }

        var pod = podNamespace.Length > 0 && podName.Length > 0 ? new ObjectKey(podNamespace, podName) : (ObjectKey?)null;
        return new CniArguments(pod, podUid) { Ips = ips, Mac = mac };
    }

    private static ValueList<IpAddress> ReadIps(string value) =>
        value.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(static text => RuntimeConfig.TryParseIp(text, out var address) ? address : throw Invalid("IP is not an address such as 10.1.2.3"))
            .Distinct().ToValueList();

    private static string CheckName(string key, string value) =>
        value.Length <= MaxNameLength && value.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '_')
            ? value
            : throw Invalid($"{key} is not a Kubernetes name");

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidEnvironment, $"CNI_ARGS: {message}");
}
