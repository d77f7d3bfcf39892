using Kn.Dns.Forwarding.Caching;
using Kn.Dns.Tests.Wire;
using Kn.Dns.Wire;
using static Kn.Dns.Tests.Forwarding.UpstreamMessages;

namespace Kn.Dns.Tests.Forwarding;

/// <summary>The cache: keys, bytes, eviction, many threads.</summary>
public sealed class AnswerCacheTests
{
    private const int Size = 1 << 20;

    [Conformance("dns", "Cache")]
    [Fact]
    public void Answer_IsFound_WhateverTheCaseOfItsName()
    {
        var cache = new AnswerCache(Size);
        var answer = Store(cache, "www.example");
        Assert.Same(answer, Find(cache, "WWW.Example"));
        Assert.Null(Find(cache, "www.exampl"));
        Assert.Null(Find(cache, "www.example", DnsType.Aaaa));
        Assert.Null(cache.Find(QuestionKey.Of(Messages.Read(Messages.Query("www.example", @class: DnsClass.Ch)))));
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public void SignedAndUncheckedAnswers_AreKeptApart()
    {
        var cache = new AnswerCache(Size);
        var plain = Store(cache, "www.example");
        var signed = Messages.Query("www.example", edns: new Edns(true, 0, 1232, DnssecOk: true));
        var unchecked_ = Messages.Query("www.example", flags: DnsFlags.CheckingDisabled);
        Assert.Null(cache.Find(QuestionKey.Of(Messages.Read(signed))));
        Assert.Null(cache.Find(QuestionKey.Of(Messages.Read(unchecked_))));
        var kept = CachedAnswerTests.Keep(signed, static query => Respond(query, DnsRcode.NoError, A("192.0.2.2")));
        cache.Store(kept);
        Assert.Same(kept, cache.Find(QuestionKey.Of(Messages.Read(signed))));
        Assert.Same(plain, Find(cache, "www.example"));
    }

    [Fact]
    public void NewAnswer_TakesTheOldOnesPlace()
    {
        var cache = new AnswerCache(Size);
        Store(cache, "www.example");
        var bytes = cache.Bytes;
        var newer = Store(cache, "www.example");
        Assert.Same(newer, Find(cache, "www.example"));
        Assert.Equal(1, cache.Count);
        Assert.Equal(bytes, cache.Bytes);
    }

    [Conformance("dns", "Cache")]
    [Fact]
    public void Flood_OfRandomNames_StaysWithinTheSize_AndLeavesWhatIsUsed()
    {
        var cache = new AnswerCache(Size);
        var used = Enumerable.Range(0, 300).Select(static n => $"used-{n}.example").ToList();
        foreach (var name in used)
        {
            Store(cache, name);
        }

        for (var flood = 0; flood < 100_000; flood++)
        {
            Store(cache, $"random-{flood}.example");
            Assert.True(cache.Bytes <= Size);
            if (flood % 200 == 0)
            {
                used.ForEach(name => Find(cache, name)?.Touch());
            }
        }

        Assert.All(used, name => Assert.NotNull(Find(cache, name)));
        Assert.True(cache.Evictions > 90_000);
    }

    [Fact]
    public void NameThatComesBack_SoonAfterItHadToGo_IsKept()
    {
        var cache = new AnswerCache(Size);
        for (var n = 0; n < 20_000; n++)
        {
            Store(cache, $"first-{n}.example");
        }

        var gone = Enumerable.Range(0, 20_000).Select(static n => $"first-{n}.example").Last(name => Find(cache, name) is null);
        Store(cache, gone);
        for (var n = 0; n < 20_000; n++)
        {
            Store(cache, $"second-{n}.example");
        }

        Assert.NotNull(Find(cache, gone));
    }

    [Fact]
    public void VeryLargeAnswer_IsNotKept()
    {
        var cache = new AnswerCache(64 << 10);
        var large = CachedAnswerTests.Keep(Messages.Query("large.example"), static query => Respond(query, DnsRcode.NoError, [.. Enumerable.Range(0, 1000).Select(static n => A($"192.0.2.{n % 256}"))]));
        cache.Store(large);
        Assert.Equal(0, cache.Count);
        Store(cache, "small.example");
        Assert.Equal(1, cache.Count);
    }

    [Fact]
    public void SizeOfZero_KeepsNothing()
    {
        var cache = new AnswerCache(0);
        Store(cache, "www.example");
        Assert.Null(Find(cache, "www.example"));
        Assert.Equal(0, cache.Bytes);
    }

    [Fact]
    public void Clear_ForgetsEverything()
    {
        var cache = new AnswerCache(Size);
        for (var n = 0; n < 1000; n++)
        {
            Store(cache, $"name-{n}.example");
        }

        var (entries, bytes) = (cache.Count, cache.Bytes);
        Assert.Equal((entries, bytes), cache.Clear());
        Assert.Equal((0, 0L), cache.Clear());
        Assert.Equal(0, cache.Count);
        Assert.Equal(0, cache.Bytes);
        Assert.Null(Find(cache, "name-1.example"));
    }

    [Fact]
    public async Task Readers_WhileOthersStore_SeeTheRightAnswerOrNone()
    {
        var cache = new AnswerCache(256 << 10);
        var stop = 0;
        var wrong = 0;
        var seen = 0L;
        var readers = Enumerable.Range(0, 3).Select(reader => Task.Run(() =>
        {
            for (var n = reader; Volatile.Read(ref stop) == 0; n = (n + 7) % 4000)
            {
                var name = $"name-{n}.example";
                if (Find(cache, name) is { } answer)
                {
                    answer.Touch();
                    Interlocked.Increment(ref seen);
                    Interlocked.Add(ref wrong, answer.Question.SequenceEqual(Messages.Read(Messages.Query(name)).Question) ? 0 : 1);
                }
            }
        })).ToList();
        for (var n = 0; n < 60_000 || Interlocked.Read(ref seen) < 1000; n++)
        {
            Store(cache, $"name-{n % 4000}.example");
        }

        Volatile.Write(ref stop, 1);
        await Task.WhenAll(readers);
        Assert.Equal(0, wrong);
        Assert.True(cache.Bytes <= 256 << 10);
    }

    internal static CachedAnswer Store(AnswerCache cache, string name)
    {
        var answer = CachedAnswerTests.Keep(Messages.Query(name), static query => Respond(query, DnsRcode.NoError, A("192.0.2.1")));
        cache.Store(answer);
        return answer;
    }

    private static CachedAnswer? Find(AnswerCache cache, string name, DnsType type = DnsType.A) =>
        cache.Find(QuestionKey.Of(Messages.Read(Messages.Query(name, type))));
}
