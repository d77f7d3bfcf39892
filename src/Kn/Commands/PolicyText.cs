using System.Globalization;
using System.Text;
using Kn.Policy.Drops;
using Kn.Policy.Inspection;

namespace Kn.Commands;

/// <summary>Writes what <c>kn policy</c> tells for people.</summary>
internal static class PolicyText
{
    internal static string Of(PolicyExplainReport report)
    {
        var text = new StringBuilder();
        foreach (var item in report.Connections)
        {
            text.Append(item.Allowed ? "allowed: " : "denied: ")
                .Append(Of(item.Source, withPort: false)).Append(" to ").Append(Of(item.Destination, withPort: false))
                .Append(item.Protocol is null ? ", no port" : $", {item.Protocol} port {item.Destination.Port}").Append('\n')
                .Append("  egress: ").Append(item.Egress.Words).Append('\n')
                .Append("  ingress: ").Append(item.Ingress.Words).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>A line: time, direction, from whom to whom, protocol, whose doing.</summary>
    internal static string Of(PolicyDrop drop)
    {
        var text = new StringBuilder()
            .Append(drop.Time.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture))
            .Append(drop.Direction == "ingress" ? "  ingress  " : "  egress   ")
            .Append(Of(drop.Source, withPort: false)).Append(" -> ").Append(Of(drop.Destination, withPort: true))
            .Append(' ').Append(drop.Protocol)
            .Append("  isolated by ").AppendJoin(", ", drop.IsolatedBy);
        if (drop.Answer)
        {
            text.Append(", an answer of an open connection");
        }

        return drop.Missed is { } missed ? $"({missed} or more not shown)\n{text}" : text.ToString();
    }

    private static string Of(PolicyDropEnd end, bool withPort)
    {
        var address = withPort && end.Port is { } port
            ? end.Address.Contains(':', StringComparison.Ordinal) ? $"[{end.Address}]:{port}" : $"{end.Address}:{port}"
            : end.Address;
        return end.Pod is null ? address : $"{end.Pod} ({address})";
    }
}
