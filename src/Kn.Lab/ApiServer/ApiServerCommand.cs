using System.Globalization;
using System.Net;
using Kn.Lab.Api;
using Kn.Lab.Controllers;
using Kn.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Lab.ApiServer;

/// <summary>kn-lab apiserver: the server, and all controllers unless told otherwise, until a signal. The kubeconfig's path is the one line on stdout.</summary>
public static class ApiServerCommand
{
    /// <summary>What --help prints.</summary>
    public const string Usage = """
        usage: kn-lab apiserver --data DIR [--bind ADDRESS] [--port N] [--advertise ADDRESS] [--service-cidr A,B]
                                [--cluster-cidr A,B] [--watch-history N] [--san NAME,...] [--controllers=false]
        Prints the path of the administrator's kubeconfig when it serves; ends on SIGINT or SIGTERM.
        """;

    /// <summary>Runs it.</summary>
    /// <returns>0, or 2 for arguments that it does not understand.</returns>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        LabApiServerOptions options;
        ValueList<IpPrefix> clusterPrefixes;
        bool controllers;
        try
        {
            (options, clusterPrefixes, controllers) = Parse(arguments);
        }
        catch (FormatException wrong)
        {
            await errors.WriteLineAsync(wrong.Message);
            await errors.WriteLineAsync(Usage);
            return 2;
        }

        await using var server = await LabApiServer.StartAsync(options, cancellationToken);
        using var client = ApiClient.FromKubeconfig(server.Kubeconfig);
        await output.WriteLineAsync(server.Kubeconfig);
        await output.FlushAsync(cancellationToken);
        await (controllers ? LabControllers.RunAllAsync(client, clusterPrefixes, NullLogger.Instance, cancellationToken) : Task.Delay(Timeout.Infinite, cancellationToken))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return 0;
    }

    private static (LabApiServerOptions Options, ValueList<IpPrefix> ClusterPrefixes, bool Controllers) Parse(string[] arguments)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < arguments.Length; i++)
        {
            var parts = arguments[i].Split('=', 2);
            values[parts[0]] = parts.Length == 2 ? parts[1] : ++i < arguments.Length ? arguments[i] : throw new FormatException($"{parts[0]} needs a value");
        }

        var options = new LabApiServerOptions { DataDirectory = values.GetValueOrDefault("--data") ?? throw new FormatException("--data is required") };
        ValueList<IpPrefix> cluster = [IpPrefix.Parse("10.244.0.0/16"), IpPrefix.Parse("fd00:10:244::/56")];
        var controllers = true;
        foreach (var (name, value) in values)
        {
            switch (name)
            {
                case "--data":
                    break;
                case "--cluster-cidr":
                    cluster = Prefixes(value);
                    break;
                case "--controllers":
                    controllers = value != "false";
                    break;
                default:
                    options = With(options, name, value);
                    break;
            }
        }

        return (options, cluster, controllers);
    }

    private static LabApiServerOptions With(LabApiServerOptions options, string name, string value) => name switch
    {
        "--bind" => options with { BindAddress = IPAddress.Parse(value) },
        "--port" => options with { Port = int.Parse(value, CultureInfo.InvariantCulture) },
        "--advertise" => options with { AdvertiseAddress = IPAddress.Parse(value) },
        "--service-cidr" => options with { ServicePrefixes = Prefixes(value) },
        "--watch-history" => options with { WatchHistory = int.Parse(value, CultureInfo.InvariantCulture) },
        "--bookmark-interval" => options with { BookmarkInterval = TimeSpan.FromSeconds(double.Parse(value, CultureInfo.InvariantCulture)) },
        "--san" => options with { ExtraNames = [.. value.Split(',')] },
        _ => throw new FormatException($"unknown option {name}"),
    };

    private static ValueList<IpPrefix> Prefixes(string text) => [.. text.Split(',').Select(static part => IpPrefix.Parse(part))];
}
