using System.Globalization;
using Kn.Ingress.Routing;
using Kn.Kubernetes.Objects;

namespace Kn.Ingress.Planning;

/// <summary>Reads the name of a Service's port as the config has it: NAMESPACE/NAME:PORT.</summary>
internal static class BackendName
{
    /// <summary>The backend; false for another text.</summary>
    public static bool TryParse(string text, out BackendRef backend)
    {
        backend = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var colon = text.LastIndexOf(':');
        if (slash < 1 || colon < slash + 2 || colon == text.Length - 1)
        {
            return false;
        }

        var port = text[(colon + 1)..];
        var isNumber = ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        backend = new BackendRef(new ObjectKey(text[..slash], text[(slash + 1)..colon]), number, isNumber ? "" : port);
        return !isNumber || number > 0;
    }
}
