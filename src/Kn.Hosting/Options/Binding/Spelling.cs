namespace Kn.Hosting.Options.Binding;

/// <summary>Finds what a misspelt key was meant to be.</summary>
internal static class Spelling
{
    /// <summary>"; did you mean X?" for a near word, else the words that there are.</summary>
    internal static string Suggest(string word, IReadOnlyList<string> known)
    {
        var best = known.Select(candidate => (candidate, Distance: Distance(word, candidate))).OrderBy(static pair => pair.Distance).FirstOrDefault();
        // Two letters that changed places are two edits, so short words are allowed two; the shortest only one.
        if (best.candidate is not null && best.Distance <= Math.Max(word.Length < 4 ? 1 : 2, word.Length / 3))
        {
            return $"; did you mean {best.candidate}?";
        }

        return known.Count == 0 ? "" : $"; there are {string.Join(", ", known)}";
    }

    /// <summary>Levenshtein distance, without regard to case.</summary>
    private static int Distance(string left, string right)
    {
        if (Math.Max(left.Length, right.Length) > 64)
        {
            return int.MaxValue;
        }

        var row = Sequence.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var same = char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]);
                var cost = Math.Min(diagonal + (same ? 0 : 1), Math.Min(row[j], row[j - 1]) + 1);
                diagonal = row[j];
                row[j] = cost;
            }
        }

        return row[^1];
    }
}
