using System.Globalization;
using System.Text;
using Kn.Hosting.Options;
using Kn.Routes.Bgp.Inspection;

namespace Kn.Commands;

/// <summary>Writes what <c>kn bgp</c> tells for people; stable for scripts that must.</summary>
internal static class BgpTables
{
    /// <summary>Tables that come in pieces have columns of a fixed width.</summary>
    internal static readonly string PathHeading = Line("", "PREFIX", "NEXT HOP", "PEER", "PATH", "ATTRIBUTES");

    internal static readonly string RouteHeading = $"{"PREFIX",-20}  {"STATE",-24}  WAYS";

    internal static string Neighbors(IReadOnlyList<BgpNeighborReport> reports) => TextColumns.Write(Rows(reports));

    /// <summary>Everything that is known of peers.</summary>
    internal static string Whole(IReadOnlyList<BgpNeighborReport> reports)
    {
        var text = new StringBuilder();
        foreach (var report in reports)
        {
            text.Append(CultureInfo.InvariantCulture, $"BGP peer {report.Address}, AS {report.Asn}{(report.Description.Length > 0 ? $", {report.Description}" : "")}\n");
            text.Append(CultureInfo.InvariantCulture, $"  state:        {report.State} for {Time(report.SinceSeconds)}, established {report.Sessions} times\n");
            Append(text, "last end", report.LastEnd);
            Append(text, "this end", report.LocalAddress is null ? $"AS {report.LocalAsn}" : $"{report.LocalAddress}, AS {report.LocalAsn}");
            Append(text, "identifier", report.RouterId);
            Append(text, "hold time", report.HoldTimeSeconds is { } hold ? Time(hold) : null);
            Append(text, "families", report.Families.Count > 0 ? string.Join(", ", report.Families) : null);
            Append(text, "agreed on", report.Capabilities.Count > 0 ? string.Join(", ", report.Capabilities) : null);
            Append(text, "signed", report.Md5 ? "TCP MD5" : null);
            Append(text, "BFD", report.Bfd);
            text.Append(CultureInfo.InvariantCulture, $"  prefixes:     {report.Received} received, {report.Accepted} accepted, {report.Advertised} advertised{(report.Stale ? "; stale ones are kept" : "")}\n");
            text.Append(CultureInfo.InvariantCulture, $"  messages:     {report.MessagesIn} in, {report.MessagesOut} out, {report.FaultyUpdates} faulty UPDATEs\n");
        }

        return text.ToString();
    }

    internal static string Path(BgpPathReport path)
    {
        var flags = path.Rejected ? "x" : $"{(path.Stale ? "s" : "*")}{(path.Best ? ">" : path.InUse ? "=" : " ")}";
        var attributes = new List<string> { path.Origin };
        if (path.LocalPreference is { } preference)
        {
            attributes.Add(string.Create(CultureInfo.InvariantCulture, $"local-pref {preference}"));
        }

        if (path.Med is { } med)
        {
            attributes.Add(string.Create(CultureInfo.InvariantCulture, $"med {med}"));
        }

        attributes.AddRange(path.Communities);
        return Line(flags, path.Prefix, path.NextHop, path.Peer ?? "-", path.AsPath.Length == 0 ? "-" : path.AsPath, string.Join(", ", attributes));
    }

    internal static string Route(BgpRouteReport route)
    {
        var ways = route.Ways.Count == 0
            ? string.Join(", ", route.NextHops)
            : string.Join(", ", route.Ways.Select(static way => way.Gateway is null ? $"dev {way.Link}" : $"via {way.Gateway} dev {way.Link}"));
        return $"{route.Prefix,-20}  {route.State,-24}  {ways}".TrimEnd();
    }

    private static IEnumerable<string[]> Rows(IReadOnlyList<BgpNeighborReport> reports)
    {
        yield return ["PEER", "AS", "STATE", "SINCE", "RECEIVED", "ACCEPTED", "ADVERTISED", "BFD", "DESCRIPTION"];
        foreach (var report in reports)
        {
            yield return
            [
                report.Address,
                Number(report.Asn),
                report.State,
                Time(report.SinceSeconds),
                Number(report.Received),
                Number(report.Accepted),
                Number(report.Advertised),
                report.Bfd ?? "-",
                report.Description.Length > 0 ? report.Description : "-",
            ];
        }
    }

    private static string Line(string flags, string prefix, string nextHop, string peer, string path, string attributes) =>
        $"{flags,-2} {prefix,-20}  {nextHop,-16}  {peer,-16}  {path,-16}  {attributes}".TrimEnd();

    private static void Append(StringBuilder text, string name, string? value)
    {
        if (value is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {name + ":",-14}{value}\n");
        }
    }

    private static string Time(double seconds) => Duration.Format(TimeSpan.FromSeconds(Math.Floor(seconds)));

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
