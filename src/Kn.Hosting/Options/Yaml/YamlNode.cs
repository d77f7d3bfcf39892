namespace Kn.Hosting.Options.Yaml;

/// <summary>A part of a YAML document, with where it begins; lines and columns count from 1.</summary>
internal abstract record YamlNode(YamlPosition Position);

/// <summary>A place in the file.</summary>
internal readonly record struct YamlPosition(int Line, int Column);

/// <summary>A scalar. A plain one (without quotes) may stand for null, a number or a truth value; a quoted one is always text.</summary>
internal sealed record YamlScalar(YamlPosition Position, string Text, bool IsPlain) : YamlNode(Position)
{
    /// <summary>Nothing was written, or one of the core schema's words for null (YAML 1.2 §10.3.2).</summary>
    internal bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";
}

/// <summary>A mapping, in the file's order; duplicate keys are kept, for the error.</summary>
internal sealed record YamlMapping(YamlPosition Position, IReadOnlyList<YamlEntry> Entries) : YamlNode(Position);

/// <summary>A key and its value.</summary>
internal sealed record YamlEntry(string Key, YamlPosition KeyPosition, YamlNode Value);

/// <summary>A sequence.</summary>
internal sealed record YamlSequence(YamlPosition Position, IReadOnlyList<YamlNode> Items) : YamlNode(Position);
