using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Plain;

/// <summary>Resolver settings out of a file such as /etc/resolv.conf.</summary>
/// <remarks>resolv.conf(5): a keyword and its values, one a line; the last <c>domain</c> or <c>search</c> counts.</remarks>
internal static class ResolvConf
{
    private static readonly char[] Blanks = [' ', '\t'];

    /// <summary>Reads a file.</summary>
    /// <returns>Null when no path is given.</returns>
    /// <exception cref="CniException">Code 5: it cannot be read.</exception>
    public static CniDns? Read(string path)
    {
        if (path.Length == 0)
        {
            return null;
        }

        try
        {
            return Parse(File.ReadAllLines(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CniException(CniErrorCode.InputOutput, $"ipam.resolvConf: {path} cannot be read", error.Message, error);
        }
    }

    /// <summary>Reads lines; those with other keywords are ignored.</summary>
    internal static CniDns Parse(IEnumerable<string> lines)
    {
        var nameservers = new List<string>();
        var options = new List<string>();
        ValueList<string> search = default;
        var domain = "";
        foreach (var line in lines)
        {
            var words = line.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", var address, ..]:
                    nameservers.Add(address);
                    break;
                case ["domain", var name, ..]:
                    domain = name;
                    break;
                case ["search", .. var names]:
                    search = names.ToValueList();
                    break;
                case ["options", .. var more]:
                    options.AddRange(more);
                    break;
            }
        }

        return new CniDns { Nameservers = nameservers.ToValueList(), Domain = domain, Search = search, Options = options.ToValueList() };
    }
}
