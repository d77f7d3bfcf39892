using System.Globalization;
using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Selectors;
using Microsoft.AspNetCore.Http;

namespace Kn.Lab.ApiServer.Http;

/// <summary>The query of a list or watch: meta/v1 ListOptions.</summary>
internal sealed class ListQuery
{
    private readonly LabelSelector _labels;
    private readonly FieldSelector _fields;
    private readonly string? _onlyName;

    /// <exception cref="StatusException">400: a selector or number that cannot be read.</exception>
    public ListQuery(HttpRequest request, ResourcePath path)
    {
        var query = request.Query;
        _labels = LabelSelector.Parse(query["labelSelector"]);
        _fields = FieldSelector.Parse(query["fieldSelector"], path.Kind.SelectableFields);
        _onlyName = path.Name;
        Limit = (int)Math.Min(Number(query["limit"], "limit"), int.MaxValue);
        Continue = query["continue"];
        ResourceVersionText = query["resourceVersion"].ToString();
        ResourceVersion = Number(ResourceVersionText, "resourceVersion");
        Match = query["resourceVersionMatch"].ToString();
        Exact = Match == "Exact" || (Match.Length == 0 && Limit > 0 && ResourceVersion > 0);
        Bookmarks = IsTrue(query["allowWatchBookmarks"]);
        SendInitialEvents = query["sendInitialEvents"].Count > 0 ? IsTrue(query["sendInitialEvents"]) : null;
        TimeoutSeconds = (int)Math.Min(Number(query["timeoutSeconds"], "timeoutSeconds"), 86_400);
        IncludeObject = query["includeObject"];
    }

    public int Limit { get; }

    public string? Continue { get; }

    /// <summary>As it was sent; empty means the most recent.</summary>
    public string ResourceVersionText { get; }

    public ulong ResourceVersion { get; }

    public string Match { get; }

    public bool Exact { get; }

    public bool Bookmarks { get; }

    public bool? SendInitialEvents { get; }

    public int TimeoutSeconds { get; }

    public string? IncludeObject { get; }

    public bool SelectsEverything => _labels.IsEverything && _fields.IsEverything;

    public bool Matches(JsonObject tree) =>
        (_onlyName is null || tree.Name() == _onlyName) && _labels.Matches(tree.Map("metadata", "labels")) && _fields.Matches(tree);

    public static bool IsTrue(string? text) => text is "true" or "1" or "True" or "TRUE" or "t" or "T";

    private static ulong Number(string? text, string name)
    {
        if (string.IsNullOrEmpty(text))
        {
            return 0;
        }

        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw StatusException.BadRequest($"{name}: Invalid value: \"{text}\": must be a number");
    }
}
