using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Kn.Hosting.Control;
using Kn.Kubernetes.Cache;
using Kn.Policy.Drops;
using Kn.Policy.Explaining;

namespace Kn.Policy.Inspection;

/// <summary>Answers the control socket's verb <c>policy</c>: explains connections, tells drops.</summary>
/// <param name="cluster">The cache's current state.</param>
/// <param name="options">The module's options.</param>
/// <param name="drops">Where drops come from.</param>
/// <param name="notLogged">Why drops are not logged; null where they are.</param>
internal sealed class PolicyInspector(Func<ClusterSnapshot> cluster, PolicyOptions options, DropFeed drops, string? notLogged)
{
    /// <summary>Answers.</summary>
    public async Task<ControlResponse> HandleAsync(ControlRequest request, CancellationToken cancellationToken) =>
        request.Arguments.GetValueOrDefault(PolicyVerb.Action, "") switch
        {
            PolicyVerb.Explain => Explain(request),
            PolicyVerb.Drops => await DropsAsync(request, cancellationToken),
            var unknown => Sentence(PolicyVerb.BadQuestion, $"the agent's module policy does not know '{unknown}'"),
        };

    /// <summary>What a module that is not running answers.</summary>
    public static ControlResponse Refuse() => Sentence(PolicyVerb.Failed, "the module policy is not running");

    private static ControlResponse Sentence(int exitCode, string text) => new(exitCode, Encoding.UTF8.GetBytes(text));

    private ControlResponse Explain(ControlRequest request)
    {
        var now = cluster();
        var fault = ExplainRequest.Parse(
            now,
            request.Arguments.GetValueOrDefault(PolicyVerb.Source, ""),
            request.Arguments.GetValueOrDefault(PolicyVerb.Destination, ""),
            out var questions);
        return fault is null
            ? new ControlResponse(PolicyVerb.Good, JsonSerializer.SerializeToUtf8Bytes(ExplainReports.Of(new PolicyExplainer(now, options), questions), PolicyReportJson.Default.PolicyExplainReport))
            : Sentence(PolicyVerb.BadQuestion, fault);
    }

    private async Task<ControlResponse> DropsAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        if (notLogged is not null)
        {
            return Sentence(PolicyVerb.Failed, $"dropped packets are not logged: {notLogged}; they are counted still: kn_policy_drops_total in the agent's metrics");
        }

        var filter = new DropFilter(request.Arguments.GetValueOrDefault(PolicyVerb.Namespace, ""), request.Arguments.GetValueOrDefault(PolicyVerb.Pod, ""));
        var listener = drops.Subscribe(filter);
        try
        {
            if (await listener.Opened.WaitAsync(cancellationToken) is { } fault)
            {
                listener.Dispose();
                return Sentence(PolicyVerb.Failed, fault);
            }
        }
        catch (OperationCanceledException)
        {
            listener.Dispose();
            throw;
        }

        return Sentence(PolicyVerb.Failed, "the module policy was stopped") with { Pieces = PiecesAsync(listener, CancellationToken.None) };
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> PiecesAsync(DropSubscription listener, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using (listener)
        {
            yield return ReadOnlyMemory<byte>.Empty;
            await foreach (var drop in listener.ReadAllAsync(cancellationToken))
            {
                yield return JsonSerializer.SerializeToUtf8Bytes(drop, PolicyReportJson.Default.PolicyDrop);
            }
        }
    }
}
