using System.Buffers.Binary;
using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Wire;
using Kn.Dns.Zone;
using Kn.Primitives;

namespace Kn.Dns.Fuzz;

/// <summary>What a message is fed to, and the rules that must hold whatever it is.</summary>
internal sealed class Targets
{
    private static readonly IpAddress Client = IpAddress.Parse("10.244.1.7");
    private static readonly TtlLimits Limits = new(Min: 0, Max: 30, MaxNegative: 30, Failure: 5);

    private readonly AnswerCache _cache = new(1 << 20);
    private readonly byte[] _response = new byte[ushort.MaxValue];
    private readonly ZoneResponder _zone = Zone();
    private uint _random = 1;

    /// <summary>Tries it everywhere.</summary>
    /// <returns>What kind of outcome it had.</returns>
    public ulong Try(byte[] message)
    {
        var kind = 14695981039346656037UL;
        Mix(ref kind, (ulong)ReadQuery(message, DnsTransport.Udp));
        Mix(ref kind, (ulong)ReadQuery(message, DnsTransport.Tcp));
        ReadRecords(message, ref kind);
        ReadFrames(message);
        CheckAnswer(message, ref kind);
        return kind;
    }

    /// <summary>A query is read, and an error written to it, within what the client takes.</summary>
    private QueryFault ReadQuery(byte[] message, DnsTransport transport)
    {
        var fault = DnsQuery.Read(message, Client, transport, out var query);
        _ = ZoneResponder.PlaceOf(message);
        if (fault == QueryFault.None)
        {
            AnswerFromZone(message, query);
        }

        if (fault != QueryFault.NotAQuery)
        {
            var response = _response.AsSpan(0, query.ResponseLimit);
            var length = ErrorResponse.Write(query, response, ErrorResponse.RcodeOf(fault));
            RequireReadable(message, response[..length], "the error");
            Require(message, DnsHeader.Read(response).Id == query.Id, "the error has the query's id");
        }

        return fault;
    }

    /// <summary>Whatever is asked, the zone's answer is a sound message within what the client takes, or there is none.</summary>
    private void AnswerFromZone(byte[] message, in DnsQuery query)
    {
        var response = _response.AsSpan(0, query.ResponseLimit);
        var answer = _zone.Answer(query, response, ref _random);
        if (answer.Length > 0)
        {
            RequireReadable(message, response[..answer.Length], "the zone's answer");
            Require(message, DnsHeader.Read(response).Id == query.Id, "the zone's answer has the query's id");
        }
    }

    /// <summary>A piece of each kind.</summary>
    private static ZoneResponder Zone()
    {
        var settings = new ZoneSettings("cluster.local") { Pods = PodRecords.Insecure };
        var servers = new ClusterDnsAddresses();
        servers.Set([IpAddress.Parse("10.96.0.10"), IpAddress.Parse("fd00:96::a")]);
        PortRecord[] ports = [new("http", Kubernetes.Objects.IpProtocol.Tcp, 80), new("", Kubernetes.Objects.IpProtocol.Udp, 53)];
        EndpointRecord[] endpoints = [.. Enumerable.Range(1, 60).Select(static number => new EndpointRecord(IpAddress.Parse($"10.244.0.{number}"), number == 1 ? "alpha" : null, 0, IsRepeated: false))];
        var records = new ZoneRecords();
        records.Change(null, new NamespacePiece { Labels = Labels("default") });
        records.Change(null, new ServicePiece { Labels = Labels("web.default"), Addresses = [IpAddress.Parse("10.96.0.1"), IpAddress.Parse("fd00:96::1")], Ports = ValueList.Create<PortRecord>(ports) });
        records.Change(null, new HeadlessPiece { Labels = Labels("db.default"), Endpoints = ValueList.Create<EndpointRecord>(endpoints), V4Count = endpoints.Length, PortSets = [ValueList.Create<PortRecord>(ports)] });
        records.Change(null, new AliasPiece { Labels = Labels("in.default"), Target = ValueList.Create<byte>(DnsName.Parse("web.default.svc.cluster.local")) });
        records.Change(null, new AliasPiece { Labels = Labels("round.default"), Target = ValueList.Create<byte>(DnsName.Parse("round.default.svc.cluster.local")) });
        records.Change(null, new AliasPiece { Labels = Labels("out.default"), Target = ValueList.Create<byte>(DnsName.Parse("www.example.org")) });
        records.Publish(1);
        return new ZoneResponder(settings, records, servers);
    }

    private static ValueList<byte> Labels(string name) => ValueList.Create<byte>(DnsName.Parse(name).AsSpan()[..^1]);

    private static void ReadRecords(byte[] message, ref ulong kind)
    {
        var reader = new MessageReader(message);
        Span<byte> name = stackalloc byte[DnsName.MaxLength];
        if (message.Length < DnsHeader.Size || !reader.TryReadQuestion(out _, out _, out _))
        {
            return;
        }

        var records = 0;
        while (reader.TryReadRecord(out var record))
        {
            Require(message, record.End <= message.Length && record.RdataLength == reader.RdataOf(record).Length, "a record lies within its message");
            Mix(ref kind, (ulong)record.Type & 0x3F);
            Require(message, ++records <= message.Length, "records end");
        }

        for (var offset = 0; offset < message.Length; offset++)
        {
            if (reader.TryReadName(offset, name, out var length, out var next))
            {
                Require(message, DnsName.Measure(name[..length]) == length, "an expanded name is a name");
                Require(message, next > offset && next <= message.Length, "a name ends within its message");
                Require(message, reader.NameMatches(offset, name[..length]), "a name is itself");
            }
        }
    }

    private static void ReadFrames(byte[] stream)
    {
        var rest = stream.AsSpan();
        while (TcpFrame.TryRead(rest, out var frame, out var consumed))
        {
            Require(stream, consumed == frame.Length + TcpFrame.PrefixSize, "a frame is its length and its message");
            rest = rest[consumed..];
        }
    }

    /// <summary>The message as an answer to the question that it carries: what is believed is kept, found, and given to clients as a sound message.</summary>
    private void CheckAnswer(byte[] message, ref ulong kind)
    {
        var nameLength = message.Length < DnsHeader.Size ? 0 : DnsName.Measure(message.AsSpan(DnsHeader.Size));
        if (nameLength == 0 || message.Length < DnsHeader.Size + nameLength + 4)
        {
            Mix(ref kind, (ulong)AnswerCheck.Check(message, Question([0, 0, 1, 0, 1], 0), 5, exactCase: false, out _));
            return;
        }

        var question = message.AsSpan(DnsHeader.Size, nameLength + 4);
        var fault = AnswerCheck.Check(message, Question(question, BinaryPrimitives.ReadUInt16BigEndian(message)), question.Length, exactCase: true, out var shape);
        Mix(ref kind, (ulong)fault);
        if (fault != AnswerFault.None)
        {
            return;
        }

        Mix(ref kind, (ulong)shape.Kind | ((ulong)Math.Min(shape.Records, 8) << 8) | ((ulong)shape.Rcode << 16) | (shape.HasOpt ? 1UL << 40 : 0));
        var key = QuestionKey.Of(question, QuestionBits.None);
        var answer = CachedAnswer.Of(message, shape, key, Limits, now: 0);
        Require(message, answer.EndsAt <= 30_000, "no answer is kept longer than allowed");
        _cache.Store(answer);
        Require(message, ReferenceEquals(_cache.Find(key), answer) || answer.Cost > 1 << 16, "what was stored is found");
        Require(message, _cache.Bytes <= 1 << 20, "the cache keeps its size");
        Give(message, answer, question);
    }

    private void Give(byte[] message, CachedAnswer answer, ReadOnlySpan<byte> question)
    {
        foreach (var (edns, transport, now) in ((bool, DnsTransport, long)[])[(false, DnsTransport.Udp, 0), (true, DnsTransport.Udp, 12_000), (true, DnsTransport.Tcp, 1_000_000)])
        {
            var asked = Question(question, 0x4711, edns);
            if (DnsQuery.Read(asked, Client, transport, out var query) != QueryFault.None)
            {
                continue;
            }

            var response = _response.AsSpan(0, query.ResponseLimit);
            var length = AnswerWriter.Write(answer, query, response, now, ExtendedError.StaleAnswer);
            var fault = AnswerCheck.Check(response[..length], asked, question.Length, exactCase: true, out var shape);
            Require(message, fault is AnswerFault.None or AnswerFault.Truncated, $"what a client is given can be read ({fault})");
            Require(message, fault != AnswerFault.None || shape.HasOpt == edns, "only a client with EDNS gets EDNS");
            Require(message, fault != AnswerFault.Truncated || transport == DnsTransport.Udp || answer.Message.Length > ushort.MaxValue - 32, "by TCP everything fits");
        }
    }

    private static byte[] Question(ReadOnlySpan<byte> question, ushort id, bool edns = false)
    {
        var query = new byte[DnsHeader.Size + question.Length + (edns ? Edns.RecordSize : 0)];
        new DnsHeader(id, (ushort)DnsFlags.RecursionDesired, 1, 0, 0, (ushort)(edns ? 1 : 0)).Write(query);
        question.CopyTo(query.AsSpan(DnsHeader.Size));
        if (edns)
        {
            OptRecord.Write(query.AsSpan(DnsHeader.Size + question.Length), 1232, DnsRcode.NoError, dnssecOk: false);
        }

        return query;
    }

    private static void RequireReadable(byte[] input, ReadOnlySpan<byte> response, string what)
    {
        var header = DnsHeader.Read(response);
        var reader = new MessageReader(response);
        var readable = header.IsResponse && (header.Questions == 0 || reader.TryReadQuestion(out _, out _, out _));
        for (var record = 0; record < header.Answers + header.Authorities + header.Additionals && readable; record++)
        {
            readable = reader.TryReadRecord(out _);
        }

        Require(input, readable && reader.IsAtEnd, $"{what} can be read");
    }

    private static void Require(byte[] input, bool holds, string rule)
    {
        if (!holds)
        {
            throw new FuzzFailure(input, $"broken: {rule}");
        }
    }

    private static void Mix(ref ulong kind, ulong value) => kind = (kind ^ value) * 1099511628211UL;
}
