using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kn.Cni.Protocol;
using Kn.Hosting.Control;
using Kn.Linux;
using Kn.Primitives;

namespace Kn.Cni.Inspection;

/// <summary>Answers the control socket's verb <c>ipam</c>: JSON in every case, and what <c>kn ipam</c> exits with.</summary>
internal sealed class IpamServer(IpamInspector inspector)
{
    /// <summary>Answers.</summary>
    public async Task<ControlResponse> HandleAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        try
        {
            switch (request.Arguments.GetValueOrDefault(IpamVerb.Action))
            {
                case IpamVerb.Show:
                    return Answer(inspector.Show(), IpamJson.Readable.IpamReport, isGood: true);
                case IpamVerb.Check:
                    var check = await inspector.CheckAsync(IsSet(request, IpamVerb.Repair), cancellationToken);
                    return Answer(check, IpamJson.Readable.IpamCheckReport, !check.IsFaulty);
                case IpamVerb.Release when IpAddress.TryParse(request.Arguments.GetValueOrDefault(IpamVerb.Address, ""), out var address):
                    var release = await inspector.ReleaseAsync(address, IsSet(request, IpamVerb.Force), cancellationToken);
                    return Answer(release, IpamJson.Readable.IpamReleaseReport, release.Released);
                default:
                    return Fail("the agent does not know this request: is it older than this kn?");
            }
        }
        catch (Exception error) when (error is LinuxException or CniException)
        {
            return Fail(error.Message);
        }
    }

    /// <summary>The answer while the module does not run.</summary>
    public static ControlResponse Refuse() => Fail("the agent's pod network is not running");

    private static bool IsSet(ControlRequest request, string name) => request.Arguments.GetValueOrDefault(name) == "true";

    private static ControlResponse Answer<T>(T report, JsonTypeInfo<T> type, bool isGood) =>
        new(isGood ? IpamVerb.Good : IpamVerb.Bad, JsonSerializer.SerializeToUtf8Bytes(report, type));

    private static ControlResponse Fail(string message) => new(IpamVerb.Failed, Encoding.UTF8.GetBytes(message));
}

/// <summary>The words of the control socket's verb <c>ipam</c>.</summary>
public static class IpamVerb
{
    /// <summary>The verb.</summary>
    public const string Name = "ipam";

    /// <summary>Argument: one of the next three.</summary>
    public const string Action = "action";

    /// <summary>Action: who has which address.</summary>
    public const string Show = "show";

    /// <summary>Action: compare journal, kernel and API.</summary>
    public const string Check = "check";

    /// <summary>Action: free an address.</summary>
    public const string Release = "release";

    /// <summary>Argument of check: "true" to repair.</summary>
    public const string Repair = "repair";

    /// <summary>Argument of release.</summary>
    public const string Address = "address";

    /// <summary>Argument of release: "true" to free a live one.</summary>
    public const string Force = "force";

    /// <summary>The body is a report, and all is well.</summary>
    public const int Good = 0;

    /// <summary>The body is a report: faults are left, or the address is not free.</summary>
    public const int Bad = 1;

    /// <summary>The body is a sentence: nothing could be done.</summary>
    public const int Failed = 4;
}
