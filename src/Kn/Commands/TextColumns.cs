using System.Text;

namespace Kn.Commands;

/// <summary>Aligned columns, two blanks between, nothing after the last cell of a line.</summary>
internal static class TextColumns
{
    /// <summary>Writes the rows; the first is the heading and says how many columns there are.</summary>
    internal static string Write(IEnumerable<string[]> rows)
    {
        var all = rows.ToList();
        var widths = Sequence.Range(0, all[0].Length).Select(column => all.Max(row => row[column].Length)).ToList();
        var text = new StringBuilder();
        foreach (var row in all)
        {
            text.Append(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd()).Append('\n');
        }

        return text.ToString();
    }
}
