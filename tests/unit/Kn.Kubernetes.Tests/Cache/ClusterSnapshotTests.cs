using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Tests.Cache;

public sealed class ClusterSnapshotTests
{
    [Fact]
    public void SlicesOf_FollowsEveryChange_OrderedByName()
    {
        var s = new ObjectKey("ns", "s");
        var t = new ObjectKey("ns", "t");
        var one = ClusterSnapshot.Of(Slice("b", "s"), Slice("a", "s"), Slice("c", "t"), Slice("d", ""));
        Assert.Equal(["a", "b"], Names(one.SlicesOf(s)));
        Assert.Equal(["c"], Names(one.SlicesOf(t)));

        var moved = one.With(Slice("c", "s"));
        Assert.Equal(["a", "b", "c"], Names(moved.SlicesOf(s)));
        Assert.Empty(moved.SlicesOf(t));
        Assert.Equal(["c"], Names(one.SlicesOf(t)));

        var rest = moved.Without(Slice("a", "whatever")).With(Slice("b", ""));
        Assert.Equal(["c"], Names(rest.SlicesOf(s)));
        Assert.Equal(3, rest.EndpointSlices.Count);
    }

    [Fact]
    public void Without_OfWhatIsNotThere_IsTheSameSnapshot()
    {
        var snapshot = ClusterSnapshot.Of(Slice("a", "s"));
        Assert.Same(snapshot, snapshot.Without(Slice("b", "s")));
        Assert.Same(snapshot, snapshot.Without(new Node { Metadata = new ObjectMeta { Name = "a" } }));
    }

    [Fact]
    public void EveryKind_IsSetFoundAndRemoved()
    {
        var snapshot = ClusterSnapshot.Of(Samples.All.Select(static sample => sample.Expected));
        foreach (var (kind, _, expected) in Samples.All)
        {
            Assert.Same(expected, kind.Find(snapshot, expected.Key));
            Assert.Equal(1, kind.CountIn(snapshot));
            Assert.Same(kind, ResourceKinds.Of(expected));
            snapshot = snapshot.Without(expected);
            Assert.Empty(kind.ObjectsIn(snapshot));
        }
    }

    private static IEnumerable<string> Names(ValueList<EndpointSlice> slices) => slices.Select(static slice => slice.Metadata.Name);

    private static EndpointSlice Slice(string name, string service) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "ns" },
        ServiceName = service,
        Family = IpFamily.V4,
    };
}
