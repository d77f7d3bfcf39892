using System.Globalization;
using System.Text;
using System.Text.Json;
using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Serving;
using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Hosting.Control;
using Kn.Kubernetes.Cache;
using Kn.Primitives;

namespace Kn.Dns.Inspection;

/// <summary>Answers the control socket's verb <c>dns</c>: asks as a client would, and tells which rule answered; clears the cache.</summary>
internal sealed class DnsInspector(DnsParts parts, ClusterCache cache, AnswerCache answers, string domain)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Answers.</summary>
    public async Task<ControlResponse> HandleAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        switch (request.Arguments.GetValueOrDefault(DnsVerb.Action, ""))
        {
            case "":
                break;
            case DnsVerb.ClearCache:
                return ClearCache();
            case var unknown:
                return Fail($"the agent's DNS does not know '{unknown}'");
        }

        var from = request.Arguments.GetValueOrDefault(DnsVerb.From, "");
        var client = IpAddress.Loopback(IpFamily.V4);
        if (from.Length > 0 && !TryClient(from, out client))
        {
            return Fail($"'{from}' is neither an IP address nor a pod that this node knows (NAMESPACE/POD)");
        }

        var name = request.Arguments.GetValueOrDefault(DnsVerb.Question, "");
        var wire = new byte[DnsName.MaxLength];
        if (!DnsName.TryParse(name, wire, out var length))
        {
            return Fail($"'{name}' is not a DNS name");
        }

        if (!TryType(request.Arguments.GetValueOrDefault(DnsVerb.Type, "A"), out var type))
        {
            return Fail($"'{request.Arguments.GetValueOrDefault(DnsVerb.Type)}' is not a type of records");
        }

        var report = await AskAsync(wire.AsMemory(0, length), type, client, cancellationToken);
        return new ControlResponse(DnsVerb.Good, JsonSerializer.SerializeToUtf8Bytes(report, DnsReportJson.Default.DnsReport));
    }

    private ControlResponse ClearCache()
    {
        var (entries, bytes) = answers.Clear();
        return new ControlResponse(DnsVerb.Good, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{entries} answers forgotten, {bytes} bytes")));
    }

    private async Task<DnsReport> AskAsync(ReadOnlyMemory<byte> name, DnsType type, IpAddress client, CancellationToken cancellationToken)
    {
        // A state of its own: an inspection is neither counted nor limited.
        var state = new ServingState(rateLimit: 0, seed: 1);
        var later = new LateAnswer();
        var response = new byte[ushort.MaxValue];
        var length = parts.Handler.Handle(Query(name.Span, type), client, DnsTransport.Tcp, response, state, later, 0);
        var source = SourceOf(state.Counters);
        if (length == 0 && state.Counters.Events(ServingEvent.Forwarded) > 0)
        {
            response = await later.Task.WaitAsync(Patience, cancellationToken).ConfigureAwait(false);
            length = response.Length;
        }

        return Report(name.Span, type, client, response.AsSpan(0, length), source);
    }

    private DnsReport Report(ReadOnlySpan<byte> name, DnsType type, IpAddress client, ReadOnlySpan<byte> response, string source)
    {
        var report = new DnsReport
        {
            Name = DnsName.ToText(name),
            Type = RecordText.NameOf(type),
            Client = client.ToString(),
            Source = source,
            Rule = !parts.Records.IsComplete && source == "cluster" ? Sentence(new Finding(AnswerRule.NotSynced))
                : source == "cluster" || parts.Responder.Explain(name).Rule == AnswerRule.Alias ? Sentence(parts.Responder.Explain(name)) : Sentence(source),
        };
        if (response.Length < DnsHeader.Size)
        {
            return report;
        }

        var header = DnsHeader.Read(response);
        return report with
        {
            Rcode = RecordText.NameOf(header.Rcode),
            Flags = FlagsOf(header.Flags),
            Answers = RecordText.Of(response, DnsSection.Answer),
            Authorities = RecordText.Of(response, DnsSection.Authority),
            Additionals = RecordText.Of(response, DnsSection.Additional),
        };
    }

    private static byte[] Query(ReadOnlySpan<byte> name, DnsType type)
    {
        var message = new byte[DnsHeader.Size + name.Length + 4];
        new DnsHeader((ushort)Random.Shared.Next(), (ushort)DnsFlags.RecursionDesired, 1, 0, 0, 0).Write(message);
        name.CopyTo(message.AsSpan(DnsHeader.Size));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(DnsHeader.Size + name.Length), (ushort)type);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(DnsHeader.Size + name.Length + 2), (ushort)DnsClass.In);
        return message;
    }

    /// <summary>Pods are known where another module, or this one's options, need them: those of this node mostly.</summary>
    private bool TryClient(string text, out IpAddress client)
    {
        if (IpAddress.TryParse(text, out client))
        {
            return true;
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || cache.Current.Pods.Find(text[..slash], text[(slash + 1)..]) is not { PodIps: [var first, ..] })
        {
            return false;
        }

        client = first;
        return true;
    }

    private static string SourceOf(ServingCounters counters) =>
        counters.Events(ServingEvent.Stranger) > 0 ? "client rules"
        : counters.Events(ServingEvent.Host) > 0 ? "hosts"
        : counters.Events(ServingEvent.Cached) > 0 ? "cache"
        : counters.Events(ServingEvent.Forwarded) > 0 ? "upstream"
        : "cluster";

    private static string Sentence(string source) => source switch
    {
        "client rules" => "the client is no pod or node of the cluster, and dns.clients does not name it",
        "hosts" => "dns.hosts of the config",
        "cache" => "an answer of an upstream that was kept",
        _ => "asked of an upstream",
    };

    private string Sentence(Finding finding) => finding.Rule switch
    {
        AnswerRule.NotSynced => "the cluster is not known yet",
        AnswerRule.Transfer => "zone transfers are refused",
        AnswerRule.NoName => $"no object of the cluster has this name in {domain}",
        AnswerRule.EmptyNonTerminal => "nothing has this name itself, but names below it may exist",
        AnswerRule.Apex => "the cluster domain",
        AnswerRule.NameServer => "the cluster's DNS addresses",
        AnswerRule.Version => "the version of the DNS specification",
        AnswerRule.Service => $"ClusterIPs of Service {NameOf(finding)}",
        AnswerRule.Headless => $"ready endpoints of headless Service {NameOf(finding)}",
        AnswerRule.Endpoint => $"an endpoint of headless Service {NameOf(finding)}",
        AnswerRule.Port => $"a named port of Service {NameOf(finding)}",
        AnswerRule.Alias => $"ExternalName of Service {NameOf(finding)}",
        AnswerRule.PodAddress => "a pod record",
        AnswerRule.Reverse => $"an address of Service {NameOf(finding)}",
        _ => "the cluster zone",
    };

    /// <summary>Labels are NAME.NAMESPACE.</summary>
    private static string NameOf(Finding finding)
    {
        if (finding.Piece is not { } piece)
        {
            return "?";
        }

        var labels = piece.Labels.AsSpan();
        var name = Encoding.ASCII.GetString(DnsName.FirstLabel(labels));
        return labels.Length > name.Length + 1 ? $"{Encoding.ASCII.GetString(labels[(name.Length + 2)..])}/{name}" : name;
    }

    private static string FlagsOf(DnsFlags flags)
    {
        var words = new List<string>();
        foreach (var (flag, word) in (ReadOnlySpan<(DnsFlags, string)>)[(DnsFlags.Response, "qr"), (DnsFlags.Authoritative, "aa"), (DnsFlags.Truncated, "tc"), (DnsFlags.RecursionDesired, "rd"), (DnsFlags.RecursionAvailable, "ra"), (DnsFlags.AuthenticData, "ad"), (DnsFlags.CheckingDisabled, "cd")])
        {
            if ((flags & flag) != 0)
            {
                words.Add(word);
            }
        }

        return string.Join(' ', words);
    }

    private static bool TryType(string text, out DnsType type)
    {
        var digits = text.StartsWith("TYPE", StringComparison.OrdinalIgnoreCase) ? text[4..] : text;
        if (ushort.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            type = (DnsType)number;
            return true;
        }

        return Enum.TryParse(text, ignoreCase: true, out type) && Enum.IsDefined(type) && type is not (DnsType.None or DnsType.Opt);
    }

    private static ControlResponse Fail(string message) => new(DnsVerb.Failed, Encoding.UTF8.GetBytes(message));

    private sealed class LateAnswer : IReplySource, IReplyTo
    {
        private readonly TaskCompletionSource<byte[]> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<byte[]> Task => _answer.Task;

        public IReplyTo ReplyTo(int slot) => this;

        public void Reply(ReadOnlySpan<byte> response) => _answer.TrySetResult(response.ToArray());
    }
}
