namespace Kn.ServiceProxy.NetnsTests;

/// <summary>Tests that run when no other of this process does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneGroup
{
    public const string Name = "alone";
}
