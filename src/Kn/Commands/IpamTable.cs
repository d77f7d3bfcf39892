using System.Globalization;
using System.Text;
using Kn.Cni.Inspection;

namespace Kn.Commands;

/// <summary>Writes what <c>kn ipam</c> tells for people; stable for scripts that must.</summary>
internal static class IpamTable
{
    internal static string Write(IpamReport report)
    {
        var text = new StringBuilder(TextColumns.Write(Pools(report)));
        if (report.Attachments.Count > 0)
        {
            text.Append('\n').Append(TextColumns.Write(Attachments(report)));
        }

        return text.ToString();
    }

    internal static string Write(IpamCheckReport report)
    {
        var text = new StringBuilder();
        if (report.Faults.Count > 0)
        {
            text.Append(TextColumns.Write(Faults(report))).Append('\n');
        }

        var left = report.Faults.Count(static fault => !fault.Repaired);
        var verdict = report.Faults.Count == 0 ? "everything fits" : $"{report.Faults.Count} faults, {report.Faults.Count - left} repaired";
        text.Append(CultureInfo.InvariantCulture, $"{report.Attachments} attachments on {report.Node}: {verdict}\n");
        if (!report.Api)
        {
            text.Append("the API server is away: its pods were not compared\n");
        }

        return text.ToString();
    }

    private static IEnumerable<string[]> Pools(IpamReport report)
    {
        yield return ["PODCIDR", "USED", "FREE", "COOLING", "RESERVED"];
        foreach (var pool in report.Pools)
        {
            yield return [pool.Prefix, Number(pool.Used), Number(pool.Free), Number(pool.Cooling), Number(pool.Reserved)];
        }
    }

    private static IEnumerable<string[]> Attachments(IpamReport report)
    {
        yield return ["ADDRESSES", "POD", "STATE", "LINK", "CONTAINER", "SINCE"];
        foreach (var item in report.Attachments)
        {
            yield return
            [
                string.Join(',', item.Addresses),
                item.Pod ?? "-",
                item.State,
                item.Link,
                item.Container is null ? "-" : $"{Short(item.Container)} {item.Interface}",
                item.Since?.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) ?? "-",
            ];
        }
    }

    private static IEnumerable<string[]> Faults(IpamCheckReport report)
    {
        yield return ["FAULT", "SUBJECT", "WHAT", "REMEDY"];
        foreach (var fault in report.Faults)
        {
            var remedy = fault.Repaired ? $"done: {fault.Remedy}" : fault.Failure is { } failure ? $"failed: {failure}" : fault.Remedy ?? "-";
            yield return [fault.Kind, fault.Subject, fault.Message, remedy];
        }
    }

    /// <summary>Enough of a container id, as runtimes' own tools show it.</summary>
    private static string Short(string container) => container.Length > 13 ? container[..13] : container;

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
