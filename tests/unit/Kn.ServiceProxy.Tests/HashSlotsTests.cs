using Kn.Primitives;
using Kn.ServiceProxy.Planning;
using Kn.ServiceProxy.Tables;

namespace Kn.ServiceProxy.Tests;

public class HashSlotsTests
{
    [Theory, InlineData(2, 251), InlineData(32, 251), InlineData(33, 2039), InlineData(257, 8191), InlineData(1000, 8191), InlineData(1001, 1001)]
    public void Slots_AreManyAndEveryEndpointHasSome(int endpoints, int slots)
    {
        var dealt = Of(Endpoints(0, endpoints));
        Assert.Equal(slots, dealt.Count);
        Assert.Equal(endpoints, dealt.Distinct().Count());
    }

    [Theory, InlineData(2), InlineData(5), InlineData(20)]
    public void Slots_AreSharedFairly(int endpoints)
    {
        var fair = 251.0 / endpoints;
        var chiSquare = Of(Endpoints(0, endpoints)).CountBy(static slot => slot.Endpoint).Sum(pair => (pair.Value - fair) * (pair.Value - fair) / fair);
        Assert.True(chiSquare < 30 + endpoints, $"{chiSquare}");
    }

    [Fact]
    public void EndpointThatGoes_LeavesItsSlotsToTheOthers_AndNoOtherSlotMoves()
    {
        var before = Of(Endpoints(0, 5));
        var after = Of(Endpoints(0, 5).Where(static endpoint => endpoint != Endpoint(3)));
        for (var slot = 0; slot < before.Count; slot++)
        {
            Assert.True(before[slot].Endpoint == Endpoint(3) || before[slot] == after[slot], $"slot {slot} moved from {before[slot].Endpoint} to {after[slot].Endpoint}");
        }
    }

    [Fact]
    public void EndpointThatComes_TakesItsShare_AndNoOtherSlotMoves()
    {
        var before = Of(Endpoints(0, 5));
        var after = Of(Endpoints(0, 6));
        var moved = Enumerable.Range(0, before.Count).Where(slot => before[slot] != after[slot]).ToArray();
        Assert.All(moved, slot => Assert.Equal(Endpoint(5), after[slot].Endpoint));
        Assert.InRange(moved.Length, 251 / 12, 251 / 3);
    }

    [Fact]
    public void Slots_DoNotDependOnTheOrderOfTheEndpoints() =>
        Assert.Equal(Of(Endpoints(0, 9)), Of(Endpoints(0, 9).Reverse()));

    [Fact]
    public void OneEndpointLess_ChangesOnlyItsSlotsInTheTable()
    {
        var before = List(Endpoints(0, 5));
        var after = List(Endpoints(0, 4));
        var edit = new TableEdit();
        ListDiff.Write(edit, before, after, "default/web:tcp/80");
        var moved = before.Slots().Count(static slot => slot.Endpoint == Endpoint(4));
        Assert.Equal(2 * moved, edit.ToBatch(replacesTable: false, "").ElementCount);
    }

    private static ServiceList List(IEnumerable<EndpointAddress> endpoints) =>
        new(16, 0, 0, DropsWhenEmpty: false, endpoints.Select(static endpoint => new Slot(endpoint)).ToValueList(), BalanceMethod.SourceHash);

    private static IReadOnlyList<Slot> Of(IEnumerable<EndpointAddress> endpoints) => List(endpoints).Slots();

    private static IEnumerable<EndpointAddress> Endpoints(int first, int count) => Enumerable.Range(first, count).Select(Endpoint);

    private static EndpointAddress Endpoint(int number) => new(IpAddress.Parse($"10.244.{number / 250}.{number % 250}"), 8080);
}
