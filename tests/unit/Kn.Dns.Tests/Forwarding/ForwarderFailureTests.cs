using System.Collections.Concurrent;
using Kn.Dns.Forwarding;
using Kn.Dns.Tests.Wire;
using Kn.Dns.Wire;
using Microsoft.Extensions.Logging;
using static Kn.Dns.Tests.Forwarding.UpstreamMessages;

namespace Kn.Dns.Tests.Forwarding;

/// <summary>What a client sees when upstreams fail: each row of docs/dns-forwarding.md.</summary>
public sealed class ForwarderFailureTests
{
    private static readonly Edns Plain = new(IsPresent: true, Version: 0, UdpSize: 1232, DnssecOk: false);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(4.1);

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task SilentUpstream_TheNextIsAsked()
    {
        await using var silent = new FakeUpstream { Dead = true };
        await using var other = Working();
        await using var test = await ForwarderTest.OfAsync(silent, other);
        var response = await test.StepUntilAnsweredAsync(test.Ask("www.example"), Step, TimeSpan.FromSeconds(1.5));
        Assert.Equal(["www.example. 30 A 192.0.2.1"], response.Answers);
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task ClosedPort_TheNextIsAskedAtOnce()
    {
        await using var closed = new FakeUpstream();
        await closed.DisposeAsync();
        await using var other = Working();
        await using var test = await ForwarderTest.OfAsync(closed, other);
        Assert.Equal(["www.example. 30 A 192.0.2.1"], (await test.AnswerAsync("www.example")).Answers);
    }

    [Conformance("dns", "Faults")]
    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task UpstreamThatCannot_TheNextIsAskedAtOnce(int rcode)
    {
        await using var failing = new FakeUpstream { Answer = query => Respond(query, (DnsRcode)rcode) };
        await using var other = Working();
        await using var test = await ForwarderTest.OfAsync(failing, other);
        Assert.Equal(["www.example. 30 A 192.0.2.1"], (await test.AnswerAsync("www.example")).Answers);
        Assert.Single(failing.Queries);
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task AllFail_TheClientIsToldServfail_AndItIsRememberedFor5s()
    {
        await using var refusing = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.Refused) };
        await using var failing = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.ServerFailure) };
        await using var test = await ForwarderTest.OfAsync(refusing, failing);
        Assert.Equal(DnsRcode.ServerFailure, (await test.AnswerAsync("www.example")).Rcode);
        var again = test.Ask("www.example", edns: Plain);
        Assert.True(again.FromCache);
        Assert.Equal(13, ExtendedErrorOf(await again.MessageAsync()));
        test.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(test.Ask("www.example").FromCache);
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task AllSilent_NothingKept_ServfailWithinTheDeadline()
    {
        await using var silent = new FakeUpstream { Dead = true };
        await using var silentToo = new FakeUpstream { Dead = true };
        await using var test = await ForwarderTest.OfAsync(silent, silentToo);
        var pending = test.Ask("www.example", edns: Plain);
        Assert.Equal(DnsRcode.ServerFailure, (await test.StepUntilAnsweredAsync(pending, Step, Deadline)).Rcode);
        Assert.Equal(22, ExtendedErrorOf(await pending.MessageAsync()));
        Assert.True(test.Ask("www.example").FromCache);
        test.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(test.Ask("www.example").FromCache);
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task AllSilent_AnEndedAnswerKept_IsGivenSoon_AndThenAtOnce()
    {
        await using var upstream = Working();
        await using var test = await ForwarderTest.OfAsync(upstream);
        await test.AnswerAsync("www.example");
        upstream.Dead = true;
        test.Time.Advance(TimeSpan.FromMinutes(10));
        var pending = test.Ask("www.example", edns: Plain);
        var response = await test.StepUntilAnsweredAsync(pending, Step, TimeSpan.FromSeconds(2));
        Assert.Equal(["www.example. 30 A 192.0.2.1"], response.Answers);
        Assert.Equal(3, ExtendedErrorOf(await pending.MessageAsync()));
        Assert.True(test.Ask("www.example").FromCache);
        Assert.Equal(2, test.Metric("kn_dns_cache_served_stale_total"));
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task EndedAnswer_IsNotGiven_BeyondItsTimeOrWhereItIsSwitchedOff()
    {
        await using var upstream = Working();
        await using var test = await ForwarderTest.OfAsync(upstream);
        await using var without = new ForwarderTest(ForwarderTest.OptionsOf(upstream), new DnsCacheOptions { ServeStale = false });
        await without.Forwarder.LoadAsync(CancellationToken.None);
        foreach (var each in (ForwarderTest[])[test, without])
        {
            await each.AnswerAsync("www.example");
        }

        upstream.Answer = static query => Respond(query, DnsRcode.ServerFailure);
        test.Time.Advance(TimeSpan.FromHours(25));
        without.Time.Advance(TimeSpan.FromMinutes(1));
        foreach (var each in (ForwarderTest[])[test, without])
        {
            Assert.Equal(DnsRcode.ServerFailure, (await each.AnswerAsync("www.example")).Rcode);
        }
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task UpstreamSaysServfail_AnEndedAnswerKept_IsGivenAtOnce()
    {
        await using var upstream = Working();
        await using var test = await ForwarderTest.OfAsync(upstream);
        await test.AnswerAsync("www.example");
        upstream.Answer = static query => Respond(query, DnsRcode.ServerFailure);
        test.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(["www.example. 30 A 192.0.2.1"], (await test.AnswerAsync("www.example")).Answers);
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task EndedAnswer_GivesWayToANewOne_AsSoonAsThereIsOne()
    {
        await using var upstream = Working();
        await using var test = await ForwarderTest.OfAsync(upstream);
        await test.AnswerAsync("www.example");
        upstream.Answer = static query => Respond(query, DnsRcode.ServerFailure);
        test.Time.Advance(TimeSpan.FromMinutes(10));
        await test.AnswerAsync("www.example");
        upstream.Answer = static query => Respond(query, DnsRcode.NoError, A("192.0.2.7"));
        Assert.True(test.Ask("www.example").FromCache);
        test.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(["www.example. 30 A 192.0.2.7"], (await test.AnswerAsync("www.example")).Answers);
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task DeadUpstream_IsPassedOver_UntilItAnswersProbes()
    {
        var log = new RecordingLogger();
        await using var flaky = Working();
        await using var other = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.NoError, A("192.0.2.2")) };
        await using var test = new ForwarderTest(ForwarderTest.OptionsOf(flaky, other), logger: log);
        await test.Forwarder.LoadAsync(CancellationToken.None);
        flaky.Dead = true;
        await test.StepUntilAnsweredAsync(test.Ask("a.example"), Step, Deadline);
        await StepUntilAsync(test, () => log.Events.Contains("upstreamDown"));
        var down = test.Ask("b.example");
        Assert.Equal(["b.example. 30 A 192.0.2.2"], (await down.ResponseAsync()).Answers);
        Assert.True(test.Metric($"kn_dns_forward_healthcheck_failures_total{{to=\"{flaky.Address}\"}}") >= 2);
        flaky.Dead = false;
        await StepUntilAsync(test, () => log.Events.Contains("upstreamUp"));
        Assert.Equal(["c.example. 30 A 192.0.2.1"], (await test.AnswerAsync("c.example")).Answers);
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task AllDown_TheyAreAskedAllTheSame()
    {
        var log = new RecordingLogger();
        await using var upstream = Working();
        await using var test = new ForwarderTest(ForwarderTest.OptionsOf(upstream), logger: log);
        await test.Forwarder.LoadAsync(CancellationToken.None);
        upstream.AnswersProbes = false;
        upstream.Dead = true;
        await test.StepUntilAnsweredAsync(test.Ask("a.example"), Step, Deadline);
        await StepUntilAsync(test, () => log.Events.Contains("upstreamDown"));
        upstream.Dead = false;
        Assert.Equal(DnsRcode.NoError, (await test.AnswerAsync("b.example")).Rcode);
        Assert.Equal(1, test.Metric("kn_dns_forward_healthcheck_broken_total"));
    }

    [Conformance("dns", "Faults")]
    [Theory]
    [InlineData("id")]
    [InlineData("question")]
    public async Task ForgedAnswer_IsIgnored_AndTheRightOneWins(string forgery)
    {
        await using var upstream = new FakeUpstream
        {
            Answers = (query, _) =>
        [
            .. Enumerable.Repeat(forgery == "id" ? WithId(Respond(query, DnsRcode.NoError, A("203.0.113.1"))) : Respond(Messages.Query("other.example", id: DnsHeader.Read(query).Id), DnsRcode.NoError, A("203.0.113.1")), 5),
            Respond(query, DnsRcode.NoError, A("192.0.2.1")),
        ]
        };
        await using var test = await ForwarderTest.OfAsync(upstream);
        Assert.Equal(["www.example. 30 A 192.0.2.1"], (await test.AnswerAsync("www.example")).Answers);
        Assert.Equal(5, test.Metric($"kn_dns_forward_ignored_answers_total{{reason=\"{forgery}\"}}"));
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task UpstreamThatLiesOnly_TheNextIsAsked()
    {
        await using var liar = new FakeUpstream { Answers = static (query, _) => [.. Enumerable.Repeat(WithId(Respond(query, DnsRcode.NoError, A("203.0.113.1"))), 20)] };
        await using var other = Working();
        await using var test = await ForwarderTest.OfAsync(liar, other);
        Assert.Equal(["www.example. 30 A 192.0.2.1"], (await test.AnswerAsync("www.example")).Answers);
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task Garbage_IsCounted_AndTheNextIsAsked()
    {
        await using var broken = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.NoError, A("203.0.113.1") with { Owner = [0xC0, 29] }) };
        await using var other = Working();
        await using var test = await ForwarderTest.OfAsync(broken, other);
        Assert.Equal(["www.example. 30 A 192.0.2.1"], (await test.AnswerAsync("www.example")).Answers);
        Assert.Equal(1, test.Metric("kn_dns_forward_ignored_answers_total{reason=\"malformed\"}"));
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task SlowUpstream_ItsLateAnswerIsStillTaken()
    {
        await using var slow = new FakeUpstream();
        await using var test = await ForwarderTest.OfAsync(slow);
        byte[]? first = null;
        slow.Answers = (query, _) =>
        {
            // Says nothing to the first question until the second comes, and then answers that one only: another socket, another id.
            first ??= query;
            return ReferenceEquals(first, query) ? [] : [Respond(query, DnsRcode.NoError, A("192.0.2.1"))];
        };
        var response = await test.StepUntilAnsweredAsync(test.Ask("www.example"), Step, Deadline);
        Assert.Equal(["www.example. 30 A 192.0.2.1"], response.Answers);
        Assert.Equal(2, slow.Queries.Count);
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task FastestPolicy_TakesALateAnswer_AndAsksOthersFirstFromThenOn()
    {
        ForwarderTest? test = null;

        // Silent, but not down: it answers probes.
        await using var other = new FakeUpstream { Answer = static _ => [] };
        await using var slow = new FakeUpstream
        {
            Answer = query =>
            {
                // Late by the clock that counts, and after the other was asked, too.
                var patience = TimeSpan.FromSeconds(20);
                Assert.True(SpinWait.SpinUntil(() => test!.Time.GetTimestamp() >= TimeSpan.TicksPerDay + TimeSpan.FromSeconds(1.2).Ticks, patience));
                return Respond(query, DnsRcode.NoError, A("192.0.2.1"));
            },
        };
        await using (test = new ForwarderTest(ForwarderTest.OptionsOf(slow, other) with { Policy = ForwardPolicy.Fastest }))
        {
            await test.Forwarder.LoadAsync(CancellationToken.None);
            var response = await test.StepUntilAnsweredAsync(test.Ask("www.example"), Step, Deadline);
            Assert.Equal(["www.example. 30 A 192.0.2.1"], response.Answers);
            other.Answer = static query => Respond(query, DnsRcode.NoError, A("192.0.2.2"));
            var before = slow.Queries.Count;
            for (var number = 0; number < 100; number++)
            {
                await test.AnswerAsync($"n{number}.example");
            }

            // One of 32 goes in random order.
            Assert.InRange(slow.Queries.Count - before, 0, 20);
        }
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task AllRefuse_TheClientIsToldSo_AndItIsRememberedFor5s()
    {
        await using var refusing = new FakeUpstream { Answer = static query => Respond(query, DnsRcode.Refused) };
        await using var test = await ForwarderTest.OfAsync(refusing);
        Assert.Equal(DnsRcode.Refused, (await test.AnswerAsync("www.example")).Rcode);
        var again = test.Ask("www.example", edns: Plain);
        Assert.True(again.FromCache);
        Assert.Equal(DnsRcode.Refused, (await again.ResponseAsync()).Rcode);
        Assert.Equal(13, ExtendedErrorOf(await again.MessageAsync()));
        test.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(test.Ask("www.example").FromCache);
        await ForwarderTest.EventuallyAsync(() => refusing.Queries.Count == 2, "it is asked again");
    }

    [Conformance("dns", "Faults")]
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task NoSuchNameWithoutSoa_IsPassedOn_AndNotRemembered(int rcode)
    {
        await using var upstream = new FakeUpstream { Answer = query => Respond(query, (DnsRcode)rcode) };
        await using var test = await ForwarderTest.OfAsync(upstream);
        Assert.Equal((DnsRcode)rcode, (await test.AnswerAsync("www.example")).Rcode);
        Assert.Equal((DnsRcode)rcode, (await test.AnswerAsync("www.example")).Rcode);
        Assert.Equal(2, upstream.Queries.Count);
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task UpstreamWithoutEdns_IsAskedWithout()
    {
        await using var old = new FakeUpstream { Answer = static query => Messages.Read(query).Edns.IsPresent ? Respond(query, DnsRcode.FormatError) : Respond(query, DnsRcode.NoError, A("192.0.2.1")) };
        await using var test = await ForwarderTest.OfAsync(old);
        Assert.Equal(["a.example. 30 A 192.0.2.1"], (await test.AnswerAsync("a.example", edns: Plain)).Answers);
        await test.AnswerAsync("b.example");
        Assert.Equal(3, old.Queries.Count);
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task TooManyQuestions_AreRefusedAtOnce_WithoutHarmToOthers()
    {
        await using var silent = new FakeUpstream();
        await using var test = new ForwarderTest(ForwarderTest.OptionsOf(silent) with { MaxConcurrent = 4 });
        await test.Forwarder.LoadAsync(CancellationToken.None);
        var waiting = Enumerable.Range(0, 4).Select(n => test.Ask($"n{n}.example")).ToList();
        var refused = test.Ask("n4.example", edns: Plain);
        Assert.True(refused.IsAnswered);
        Assert.Equal(14, ExtendedErrorOf(await refused.MessageAsync()));
        Assert.Equal(1, test.Metric("kn_dns_forward_max_concurrent_rejects_total"));
        var joined = test.Ask("n0.example");
        silent.Answer = static query => Respond(query, DnsRcode.NoError, A("192.0.2.1"));
        await test.StepUntilAnsweredAsync(joined, Step, Deadline);
        foreach (var pending in waiting)
        {
            Assert.Equal(DnsRcode.NoError, (await test.StepUntilAnsweredAsync(pending, Step, Deadline)).Rcode);
        }
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task OneClient_CannotHaveAllQuestions()
    {
        await using var silent = new FakeUpstream();
        await using var test = new ForwarderTest(ForwarderTest.OptionsOf(silent) with { MaxConcurrent = 400 });
        await test.Forwarder.LoadAsync(CancellationToken.None);
        var greedy = Enumerable.Range(0, 101).Select(n => test.Ask($"n{n}.example")).ToList();
        Assert.Single(greedy, static pending => pending.IsAnswered);
        Assert.False(test.Ask(Messages.Query("other.example"), client: Kn.Primitives.IpAddress.Parse("10.244.1.8")).IsAnswered);
        silent.Answer = static query => Respond(query, DnsRcode.NoError, A("192.0.2.1"));
        await test.StepUntilAnsweredAsync(greedy[0], Step, Deadline);
        await ForwarderTest.EventuallyAsync(
            () =>
            {
                test.Time.Advance(Step);
                return greedy.TrueForAll(static pending => pending.IsAnswered);
            },
            "all are answered");
        Assert.Equal(DnsRcode.NoError, (await test.AnswerAsync("later.example")).Rcode);
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task NobodyMayBeAsked_AnEndedAnswerKept_IsGivenAtOnce()
    {
        await using var upstream = Working();
        await using var test = new ForwarderTest(ForwarderTest.OptionsOf(upstream) with { MaxConcurrent = 1 });
        await test.Forwarder.LoadAsync(CancellationToken.None);
        await test.AnswerAsync("www.example");
        upstream.Dead = true;
        test.Time.Advance(TimeSpan.FromMinutes(1));
        test.Ask("other.example");
        var pending = test.Ask("www.example", edns: Plain);
        Assert.True(pending.IsAnswered);
        Assert.Equal(3, ExtendedErrorOf(await pending.MessageAsync()));
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task NobodyToAsk_ServfailAtOnce()
    {
        await using var test = new ForwarderTest(new DnsForwardOptions { ResolvConf = "/nonexistent/resolv.conf" });
        var pending = test.Ask("www.example", edns: Plain);
        Assert.True(pending.IsAnswered);
        Assert.Equal(DnsRcode.ServerFailure, (await pending.ResponseAsync()).Rcode);
        Assert.Equal(14, ExtendedErrorOf(await pending.MessageAsync()));
    }

    [Conformance("dns", "Faults")]
    [Fact]
    public async Task AgentStops_WhoWaitsIsAnswered()
    {
        await using var silent = new FakeUpstream { Dead = true };
        await using var test = await ForwarderTest.OfAsync(silent);
        var pending = test.Ask("www.example");
        await test.DisposeAsync();
        Assert.Equal(DnsRcode.ServerFailure, (await pending.ResponseAsync()).Rcode);
        Assert.Equal(DnsRcode.ServerFailure, (await test.AnswerAsync("other.example")).Rcode);
    }

    private static FakeUpstream Working() => new() { Answer = static query => Respond(query, DnsRcode.NoError, A("192.0.2.1")) };

    private static byte[] WithId(byte[] message)
    {
        message[0] ^= 0x55;
        return message;
    }

    private static async Task StepUntilAsync(ForwarderTest test, Func<bool> condition) => await ForwarderTest.EventuallyAsync(
        () =>
        {
            test.Time.Advance(Step);
            return condition();
        },
        "while the clock moves");

    /// <summary>The code of the response's extended error (RFC 8914); negative for none.</summary>
    private static int ExtendedErrorOf(byte[] message) => message.Length > 6 && message[^6] == 0 && message[^5] == 15 && message[^4] == 0 && message[^3] == 2
        ? (message[^2] << 8) | message[^1]
        : -1;
}

/// <summary>Remembers which events were logged.</summary>
internal sealed class RecordingLogger : ILogger
{
    public ConcurrentBag<string> Events { get; } = [];

    public ConcurrentQueue<string> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Events.Add(eventId.Name ?? "");
        Lines.Enqueue(formatter(state, exception));
    }
}
