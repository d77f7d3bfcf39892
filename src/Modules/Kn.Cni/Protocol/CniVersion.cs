namespace Kn.Cni.Protocol;

/// <summary>A version of the CNI specification that Kn speaks.</summary>
/// <remarks>Ordered: later versions compare greater.</remarks>
public enum CniVersion
{
    /// <summary>0.1.0: the first, with one address of a family (ip4, ip6); also what a configuration without a version means.</summary>
    V010,

    /// <summary>0.2.0: the same shape.</summary>
    V020,

    /// <summary>0.3.0: the first with interfaces[] and ips[].</summary>
    V030,

    /// <summary>0.3.1: the same shape.</summary>
    V031,

    /// <summary>0.4.0: adds CHECK.</summary>
    V040,

    /// <summary>1.0.0: drops ips[].version.</summary>
    V100,

    /// <summary>1.1.0: adds STATUS and GC, interfaces[].mtu and more members of routes[].</summary>
    V110,
}

/// <summary>The text of CNI versions.</summary>
public static class CniVersions
{
    private static readonly string[] Texts = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

    /// <summary>Every version, oldest first.</summary>
    public static IReadOnlyList<string> Supported => Texts;

    /// <summary>The newest version, for answers to calls whose version is unknown.</summary>
    public static CniVersion Newest => CniVersion.V110;

    /// <summary>'1.1.0'.</summary>
    public static string ToText(this CniVersion version) => Texts[(int)version];

    /// <summary>Finds a version by its text.</summary>
    public static bool TryParse(string text, out CniVersion version)
    {
        var index = Array.IndexOf(Texts, text);
        version = (CniVersion)Math.Max(index, 0);
        return index >= 0;
    }
}
