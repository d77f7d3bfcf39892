using System.CommandLine;
using System.Text;
using System.Text.Json;
using Kn.Ingress.Linting;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Kubeconfigs;
using Kn.Kubernetes.Manifests;

namespace Kn.Commands;

/// <summary><c>kn ingress lint</c>.</summary>
internal static class IngressLintCommand
{
    private const string ConfigMaps = "/api/v1/configmaps?fieldSelector=metadata.name%3Dingress-nginx-controller";

    internal static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "Manifests, YAML or JSON; - for standard input.", Arity = ArgumentArity.ZeroOrMore };
        var cluster = new Option<bool>("--cluster") { Description = "Look at the cluster's Ingresses, by the config's kubeconfig." };
        var output = OutputOption.Create(OutputOption.Table);
        var config = ConfigOption.Create();
        var command = new Command("lint", "What would change for Ingresses on moving from ingress-nginx. Nothing is written.") { files, cluster, output, config };
        command.SetAction(async (result, cancellationToken) =>
        {
            var names = result.GetValue(files) ?? [];
            if (names.Length == 0 && !result.GetValue(cluster))
            {
                await Console.Error.WriteLineAsync("kn: name files, or --cluster");
                return ExitCode.Usage;
            }

            return await LintAsync(names, result.GetValue(cluster) ? result.GetValue(config) : null, result.GetValue(output)!, cancellationToken);
        });
        return command;
    }

    private static async Task<int> LintAsync(string[] names, string? config, string output, CancellationToken cancellationToken)
    {
        var lint = new IngressLint();
        try
        {
            foreach (var name in names)
            {
                using var text = name == "-" ? Console.In : File.OpenText(name);
                Add(lint, name, Manifest.ReadAll(text));
            }

            if (config is not null)
            {
                if (ConfigOption.Load(config) is not { } loaded)
                {
                    return ExitCode.Usage;
                }

                await AddClusterAsync(lint, loaded.Kubeconfig, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ManifestException or KubeconfigException or ApiException)
        {
            await Console.Error.WriteLineAsync($"kn: {exception.Message}");
            return ExitCode.Usage;
        }

        var report = lint.ToReport();
        Console.Out.Write(output == OutputOption.Json ? JsonSerializer.Serialize(report, LintReportJson.Default.LintReport) + "\n" : Write(report));
        return report.Findings.Any(static finding => finding.Severity > LintSeverity.Info) ? ExitCode.Failure : ExitCode.Ok;
    }

    private static void Add(IngressLint lint, string name, IReadOnlyList<Manifest> manifests)
    {
        foreach (var manifest in manifests)
        {
            lint.Add(manifest, $"{name}:{manifest.Line}");
        }
    }

    private static async Task AddClusterAsync(IngressLint lint, string kubeconfig, CancellationToken cancellationToken)
    {
        using var client = new ApiClient(Kubeconfig.Load(kubeconfig));
        foreach (var path in (string[])[ResourceKinds.Ingresses.ListPath, ResourceKinds.IngressClasses.ListPath, ConfigMaps])
        {
            foreach (var manifest in Manifest.ReadAll(new StringReader(Encoding.UTF8.GetString(await client.GetAsync(path, cancellationToken)))))
            {
                lint.Add(manifest, "cluster");
            }
        }
    }

    private static string Write(LintReport report)
    {
        var text = new StringBuilder();
        foreach (var finding in report.Findings)
        {
            text.Append($"{finding.Severity.ToString().ToLowerInvariant(),-8}{finding.Object} ({finding.Source})");
            text.Append(finding.Subject.Length == 0 ? ": " : $": {finding.Subject} ").Append(finding.Message).Append('\n');
        }

        var count = report.Findings.Count(static finding => finding.Severity > LintSeverity.Info);
        text.Append($"{report.Ingresses} Ingresses, {report.Findings.Count} findings, {count} of them need a look\n");
        return text.ToString();
    }
}
