namespace Kn.Policy.Peers;

/// <summary>The profiles in use, each once, and their unions.</summary>
/// <remarks>Numbers come from the content: whoever makes the same sets, in whatever order, gets the same numbers but for rare collisions, so a
/// restart finds the table as it would make it.</remarks>
internal sealed class ProfileTable
{
    private readonly Dictionary<PortSet, Profile> _profiles = [];
    private readonly Dictionary<uint, Profile> _numbers = [];
    private readonly Dictionary<(Profile, Profile), Profile> _unions = [];
    private readonly HashSet<Profile> _touched = [];

    /// <summary>Nothing.</summary>
    public static Profile None { get; } = new(Profile.NoNumber, PortSet.None);

    /// <summary>Everything.</summary>
    public static Profile Yes { get; } = new(Profile.YesNumber, PortSet.Everything);

    /// <summary>Profiles in use.</summary>
    public IEnumerable<Profile> All => _profiles.Values;

    /// <summary>The profile of a set.</summary>
    public Profile Of(PortSet ports)
    {
        if (ports.IsEverything)
        {
            return Yes;
        }

        if (ports.Ranges.IsEmpty)
        {
            return None;
        }

        if (!_profiles.TryGetValue(ports, out var profile))
        {
            var number = FreeNumber.From(ports.Hash(), _numbers, Profile.FirstNumber);
            profile = new Profile(number, ports);
            _profiles.Add(ports, profile);
            _numbers.Add(number, profile);
            _touched.Add(profile);
        }

        return profile;
    }

    /// <summary>The profile of what either allows.</summary>
    public Profile Union(Profile left, Profile right)
    {
        if (left == right || right == None || left == Yes)
        {
            return left;
        }

        if (left == None || right == Yes)
        {
            return right;
        }

        if (!_unions.TryGetValue((left, right), out var union))
        {
            union = Of(left.Ports.Union(right.Ports));
            _unions.Add((left, right), union);
        }

        return union;
    }

    /// <summary>An entry leads to the profile, in place of another one.</summary>
    public void Exchange(Profile? before, Profile? after)
    {
        if (before == after)
        {
            return;
        }

        Count(after, 1);
        Count(before, -1);
    }

    /// <summary>Ends a change: forgets what is no longer used, and says what comes into the table and what goes out of it.</summary>
    public (List<Profile> Added, List<Profile> Gone) Settle()
    {
        var (added, gone, isForgetting) = (new List<Profile>(), new List<Profile>(), false);
        foreach (var profile in _touched)
        {
            var isUsed = profile.Uses > 0;
            if (isUsed != profile.IsInTable)
            {
                profile.IsInTable = isUsed;
                (isUsed ? added : gone).Add(profile);
            }

            if (!isUsed)
            {
                isForgetting = true;
                _profiles.Remove(profile.Ports);
                _numbers.Remove(profile.Number);
            }
        }

        _touched.Clear();
        if (isForgetting)
        {
            // They may name what was forgotten.
            _unions.Clear();
        }

        return (added, gone);
    }

    private void Count(Profile? profile, int uses)
    {
        if (profile is { Number: >= Profile.FirstNumber })
        {
            profile.Uses += uses;
            _touched.Add(profile);
        }
    }
}
