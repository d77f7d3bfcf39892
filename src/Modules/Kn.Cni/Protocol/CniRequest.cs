using Kn.Hosting.Control;
using Kn.Linux.Routes;
using Kn.Primitives;

namespace Kn.Cni.Protocol;

/// <summary>A CNI call, checked: the runtime's environment variables and the network configuration.</summary>
public sealed record CniRequest
{
    /// <summary>CNI_COMMAND.</summary>
    public required CniCommand Command { get; init; }

    /// <summary>CNI_CONTAINERID and CNI_IFNAME; empty for commands that have none.</summary>
    public AttachmentKey Key { get; init; }

    /// <summary>CNI_NETNS; empty when DEL came without one.</summary>
    public string NamespacePath { get; init; } = "";

    /// <summary>CNI_ARGS.</summary>
    public CniArguments Arguments { get; init; } = CniArguments.None;

    /// <summary>The network configuration.</summary>
    public required NetworkConfig Config { get; init; }

    /// <summary>The addresses asked for, whichever way: args.cni.ips, the capability ips, IP of CNI_ARGS. Empty when any will do.</summary>
    /// <remarks>The reference plugin host-local takes all three together too.</remarks>
    public ValueList<IpAddress> RequestedIps => Config.Arguments.Ips.Concat(Config.RuntimeConfig.Ips).Concat(Arguments.Ips).Distinct().ToValueList();

    /// <summary>The hardware address asked for: the capability mac, else args.cni.mac, else MAC of CNI_ARGS; null when any will do.</summary>
    public MacAddress? RequestedMac => Config.RuntimeConfig.Mac ?? Config.Arguments.Mac ?? Arguments.Mac;

    /// <summary>Resolver settings for the result: the capability dns, else the configuration's.</summary>
    public CniDns? Dns => Config.RuntimeConfig.Dns ?? Config.Dns;

    /// <summary>Checks a call.</summary>
    /// <exception cref="CniException">The first fault, with the code that the specification has for it; its Data has the
    /// configuration's version under "CniVersion" as soon as that is known.</exception>
    public static CniRequest Read(ControlRequest call)
    {
        var command = ReadCommand(Variable(call, "CNI_COMMAND"));
        var config = NetworkConfig.Read(call.Body, command);
        try
        {
            return new CniRequest
            {
                Command = command,
                Config = config,
                Key = HasContainer(command) ? new AttachmentKey(ReadContainerId(call), ReadInterfaceName(call)) : default,
                NamespacePath = HasContainer(command) ? ReadNamespacePath(call, required: command != CniCommand.Del) : "",
                Arguments = ReadArguments(call, command),
            };
        }
        catch (CniException error)
        {
            error.Data[nameof(CniVersion)] = config.Version;
            throw;
        }
    }

    /// <summary>What an error is answered in: the call's version where it got that far.</summary>
    public static CniVersion VersionOf(CniException error) => error.Data[nameof(CniVersion)] as CniVersion? ?? CniVersions.Newest;

    /// <summary>CNI_COMMAND's text.</summary>
    /// <exception cref="CniException">Code 4.</exception>
    public static CniCommand ReadCommand(string text) => text switch
    {
        "ADD" => CniCommand.Add,
        "DEL" => CniCommand.Del,
        "CHECK" => CniCommand.Check,
        "GC" => CniCommand.Gc,
        "STATUS" => CniCommand.Status,
        "VERSION" => CniCommand.Version,
        "" => throw Invalid("CNI_COMMAND", "is missing"),
        _ => throw Invalid("CNI_COMMAND", "is not ADD, DEL, CHECK, GC, STATUS or VERSION"),
    };

    private static bool HasContainer(CniCommand command) => command is CniCommand.Add or CniCommand.Del or CniCommand.Check;

    private static CniArguments ReadArguments(ControlRequest call, CniCommand command)
    {
        // Only ADD uses them. A DEL must clean up whatever the arguments look like.
        return command == CniCommand.Add ? CniArguments.Parse(Variable(call, "CNI_ARGS")) : CniArguments.None;
    }

    private static string ReadContainerId(ControlRequest call) => Variable(call, "CNI_CONTAINERID") switch
    {
        "" => throw Invalid("CNI_CONTAINERID", "is missing"),
        var text when CniNames.IsContainerId(text) => text,
        _ => throw Invalid("CNI_CONTAINERID", "must be a letter or digit, then letters, digits, '_', '.' or '-', 255 at most"),
    };

    private static string ReadInterfaceName(ControlRequest call) => Variable(call, "CNI_IFNAME") switch
    {
        "" => throw Invalid("CNI_IFNAME", "is missing"),
        var text when CniNames.IsInterfaceName(text) => text,
        _ => throw Invalid("CNI_IFNAME", "must be at most 15 bytes without '/', ':', '%', white space and control characters, and not '.' or '..'"),
    };

    private static string ReadNamespacePath(ControlRequest call, bool required) => Variable(call, "CNI_NETNS") switch
    {
        "" when required => throw Invalid("CNI_NETNS", "is missing"),
        "" => "",
        var text when CniNames.IsNamespacePath(text) => text,
        _ when !required => "",
        _ => throw Invalid("CNI_NETNS", "must be the absolute path of a network namespace"),
    };

    private static string Variable(ControlRequest call, string name) => call.Arguments.GetValueOrDefault(name, "");

    private static CniException Invalid(string variable, string fault) => new(CniErrorCode.InvalidEnvironment, $"{variable} {fault}");
}
