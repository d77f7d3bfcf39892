using FsCheck;
using FsCheck.Fluent;

namespace Kn.Cni.Tests.Ipam;

/// <summary>Allocator, journal and adoption over random lives of a node.</summary>
public sealed class NoLeakProperties
{
    /// <summary>ADDs, DELs, an agent that is killed between any two of their steps, power cuts that tear the journal, compactions, a journal that
    /// is lost: never two owners of an address, never one that leaks, never one that is used again while it cools and others do not.</summary>
    [Fact]
    public void AnySequence_NeverGivesTwoOwners_AndNeverLeaks() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(120), Prop.ForAll<byte[]>(static steps =>
        {
            using var node = new NodeModel();
            var fault = (steps ?? []).Select(node.Step).FirstOrDefault(static found => found is not null);
            return (fault is null).Label(fault ?? "");
        }));
}
