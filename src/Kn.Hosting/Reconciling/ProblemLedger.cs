using System.Runtime.InteropServices;
using Kn.Primitives;

namespace Kn.Hosting.Reconciling;

/// <summary>The problems of every key, and which of them are new or gone since they were last settled. Several keys may have the
/// same problem (two ports of one Service); it is told once.</summary>
internal sealed class ProblemLedger<TKey>
    where TKey : notnull
{
    private readonly Dictionary<TKey, ValueList<Problem>> _byKey = [];
    private readonly Dictionary<Problem, int> _counts = [];
    private readonly HashSet<Problem> _touched = [];
    private readonly HashSet<Problem> _told = [];

    /// <summary>Every distinct problem.</summary>
    internal ValueList<Problem> All => _told.ToValueList();

    /// <summary>Replaces what the key had.</summary>
    internal void Set(TKey key, ValueList<Problem> problems)
    {
        if (_byKey.GetValueOrDefault(key) == problems)
        {
            return;
        }

        foreach (var problem in _byKey.GetValueOrDefault(key))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, problem, out _)--;
            _touched.Add(problem);
        }

        foreach (var problem in problems)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, problem, out _)++;
            _touched.Add(problem);
        }

        if (problems.IsEmpty)
        {
            _byKey.Remove(key);
        }
        else
        {
            _byKey[key] = problems;
        }
    }

    /// <summary>Drops the keys that no longer exist, where everything was planned.</summary>
    internal void Keep(IReadOnlySet<TKey> keys)
    {
        foreach (var key in _byKey.Keys.Where(key => !keys.Contains(key)).ToList())
        {
            Set(key, []);
        }
    }

    /// <summary>What appeared and what is gone since the last call.</summary>
    internal (IReadOnlyList<Problem> Appeared, IReadOnlyList<Problem> Gone) Settle()
    {
        if (_touched.Count == 0)
        {
            return ([], []);
        }

        List<Problem> appeared = [];
        List<Problem> gone = [];
        foreach (var problem in _touched)
        {
            if (_counts.GetValueOrDefault(problem) > 0)
            {
                if (_told.Add(problem))
                {
                    appeared.Add(problem);
                }
            }
            else
            {
                _counts.Remove(problem);
                if (_told.Remove(problem))
                {
                    gone.Add(problem);
                }
            }
        }

        _touched.Clear();
        return (appeared, gone);
    }
}
