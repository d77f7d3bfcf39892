using System.Text.Json;
using Kn.Lab.LabNodes;
using Kn.Lab.Underlay;

namespace Kn.Lab;

/// <summary>What can be asked of a lab that is up, by the words of the control socket.</summary>
internal sealed class RunningLab(LabOptions options, IReadOnlyList<LabNode> nodes, ApiForwarder forwarder)
{
    /// <summary>Where questions come in.</summary>
    public string ControlSocket => options.ControlSocket;

    /// <summary>Answers one question.</summary>
    /// <exception cref="FormatException">A question that makes no sense; the message is for whoever asked.</exception>
    public async Task<string> AnswerAsync(string[] words, CancellationToken cancellationToken)
    {
        switch (words)
        {
            case ["status"]:
                return JsonSerializer.Serialize(Status(), LabJson.Default.LabStatus);
            case ["pod", var ns, var name]:
                return PidOf(ns, name);
            case ["api", "stop"]:
                await forwarder.StopAsync();
                return "";
            case ["api", "start"]:
                forwarder.Start();
                return "";
            case ["agent", var verb, var node]:
                await ChangeAgentAsync(verb, node, cancellationToken);
                return "";
            default:
                throw new FormatException($"the lab does not know '{string.Join(' ', words)}'");
        }
    }

    private LabStatus Status() => new()
    {
        Name = options.Name,
        Kubeconfig = options.UserKubeconfig,
        ApiReachable = forwarder.IsRunning,
        Pid = Environment.ProcessId,
        Nodes = [.. nodes.Select(static node => node.Status())],
    };

    private string PidOf(string ns, string name)
    {
        var worker = nodes.Select(node => node.Kubelet.Find(ns, name)).FirstOrDefault(static worker => worker is not null)
            ?? throw new FormatException($"no node of the lab has a pod {ns}/{name}");
        return worker.Pid is > 0 and var pid ? pid.ToString() : throw new FormatException($"pod {ns}/{name} has no running container");
    }

    private async Task ChangeAgentAsync(string verb, string node, CancellationToken cancellationToken)
    {
        var agent = nodes.FirstOrDefault(candidate => candidate.Place.Name == node)?.Agent ?? throw new FormatException($"no agent on a node '{node}'");
        switch (verb)
        {
            case "stop":
                await agent.StopAsync(cancellationToken);
                break;
            case "start":
                agent.Start();
                break;
            case "restart":
                await agent.RestartAsync(cancellationToken);
                break;
            case "kill":
                agent.Kill();
                break;
            default:
                throw new FormatException($"an agent can be stopped, started, restarted and killed, not '{verb}'");
        }
    }
}
