using Kn.Primitives;

namespace Kn.Routes.Bgp.Planning;

/// <summary>What plans hang on beside the cluster. Immutable.</summary>
/// <param name="Underlay">This node's network.</param>
/// <param name="Passwords">What the password files hold, by path; a file that could not be read is in <paramref name="Unreadable"/>.</param>
/// <param name="Unreadable">Why a file could not be read, by path.</param>
internal sealed record BgpEnvironment(Underlay Underlay, ValueMap<string, string> Passwords, ValueMap<string, string> Unreadable)
{
    /// <summary>Nothing is known yet.</summary>
    public static BgpEnvironment None { get; } = new(Underlay.None, default, default);

    /// <summary>Somebody asked the agent to take the node out of service.</summary>
    public bool IsLeaving { get; init; }
}
