using System.CommandLine;

namespace Kn.Commands;

/// <summary>The option <c>-o</c>.</summary>
internal static class OutputOption
{
    internal const string Table = "table";

    internal const string Text = "text";

    internal const string Json = "json";

    /// <summary>An option that takes the given word or json.</summary>
    internal static Option<string> Create(string otherwise)
    {
        var option = new Option<string>("--output", "-o")
        {
            Description = "How to print.",
            DefaultValueFactory = _ => otherwise,
        };
        option.AcceptOnlyFromAmong(otherwise, Json);
        return option;
    }
}
