using Kn.Cni.Attaching;
using Kn.Cni.Ipam;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Tests.Ipam;

/// <summary>A node whose kernel is a dictionary: the real allocator, journal and adoption plan, driven as the agent drives them, with an agent
/// that may die between any two steps and a machine that may lose its power.</summary>
internal sealed class NodeModel : IDisposable
{
    private static readonly IpamOptions Options = new() { CoolDown = TimeSpan.FromSeconds(30), Reserved = [IpRange.Parse("10.0.0.3")] };
    /// <summary>In memory where that can be had: what a flush means is simulated, and thousands of real ones take their time.</summary>
    private readonly string _directory = Directory.CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"kn-model-{Guid.NewGuid():N}")).FullName;
    private readonly Dictionary<string, ValueList<IpAddress>> _kernel = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ValueList<IpAddress>> _foundlings = new(StringComparer.Ordinal);
    private readonly Dictionary<IpAddress, DateTimeOffset> _freedAt = [];
    private readonly ManualTime _time = new();
    private AttachmentJournal _journal;
    private AddressAllocator _allocator;
    private long _durable;

    public NodeModel()
    {
        _journal = AttachmentJournal.Open(FilePath);
        _allocator = null!;
        Start();
    }

    private string FilePath => Path.Combine(_directory, "attachments");

    public void Dispose()
    {
        _journal.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>One step of the world.</summary>
    /// <param name="code">Which, and with which pod.</param>
    /// <returns>What is wrong after it; null when nothing is.</returns>
    public string? Step(byte code)
    {
        var pod = code % 20;
        var fault = (code % 13) switch
        {
            < 5 => Add(pod, dieAfter: int.MaxValue),
            < 7 => Del(pod, dieAfter: int.MaxValue),
            7 => Add(pod, dieAfter: code / 13 % 4),
            8 => Del(pod, dieAfter: code / 13 % 3),
            9 => Restart(),
            10 => PowerCut(code),
            11 => WriteAnew(),
            _ => code < 64 ? LoseJournal() : Advance(code),
        };
        return fault ?? Check();
    }

    private string? Add(int pod, int dieAfter)
    {
        var key = Key(pod);
        var link = PodLinkNames.HostLink(key);
        if (_kernel.ContainsKey(link) || _journal.Read(table => table.TryFind(key, out _)))
        {
            return null;
        }

        ValueList<IpAddress> addresses;
        try
        {
            addresses = _allocator.Take();
        }
        catch (CniException error) when (error.Code == CniErrorCode.AddressesExhausted)
        {
            return _kernel.Count < 13 ? $"exhausted with {_kernel.Count} of 13 in use" : null;
        }

        if (Unsound(addresses) is { } unsound)
        {
            return unsound;
        }

        if (dieAfter == 0)
        {
            return Restart();
        }

        _journal.AppendAsync(new JournalRecord.Added(new Attachment { Key = key, Network = "kn", Addresses = addresses })).GetAwaiter().GetResult();
        _durable = new FileInfo(FilePath).Length;
        if (dieAfter == 1)
        {
            return Restart();
        }

        _kernel[link] = addresses;
        if (dieAfter == 2)
        {
            return Restart();
        }

        _journal.Append(new JournalRecord.Completed(key));
        return dieAfter == 3 ? Restart() : null;
    }

    private string? Del(int pod, int dieAfter)
    {
        var key = Key(pod);
        var link = PodLinkNames.HostLink(key);
        var attachment = _journal.Read(table => table.TryFind(key, out var found) ? found : null);
        _kernel.Remove(link, out var addresses);
        if (dieAfter == 0)
        {
            return Restart();
        }

        if (attachment is not null)
        {
            _journal.Forget(key, _time.GetUtcNow());
        }

        if (dieAfter == 1)
        {
            return Restart();
        }

        _foundlings.Remove(link);
        _allocator.Free(addresses);
        foreach (var address in addresses)
        {
            _freedAt[address] = _time.GetUtcNow();
        }

        return dieAfter == 2 ? Restart() : null;
    }

    private string? Restart()
    {
        // A killed process leaves in the file whatever it wrote, flushed or not.
        _journal.Dispose();
        _journal = AttachmentJournal.Open(FilePath);
        Start();
        return null;
    }

    private string? PowerCut(byte code)
    {
        _journal.Dispose();
        _kernel.Clear();
        var content = File.ReadAllBytes(FilePath);
        // Of what was not flushed any part may be lost, and what is there may end in blocks that were never written.
        var kept = _durable + ((content.Length - _durable) * (code % 5) / 4);
        File.WriteAllBytes(FilePath, [.. content.AsSpan(0, (int)kept), .. new byte[code % 3]]);
        _journal = AttachmentJournal.Open(FilePath);
        Start();
        return null;
    }

    private string? LoseJournal()
    {
        _journal.Dispose();
        File.Delete(FilePath);
        _journal = AttachmentJournal.Open(FilePath);
        Start();
        return null;
    }

    private string? WriteAnew()
    {
        _journal.WriteAnew();
        _durable = new FileInfo(FilePath).Length;
        return null;
    }

    private string? Advance(byte code)
    {
        _time.Advance(TimeSpan.FromSeconds(code % 20));
        return null;
    }

    /// <summary>As PodAdoption does, with a dictionary for the kernel.</summary>
    private void Start()
    {
        _durable = new FileInfo(FilePath).Length;
        _allocator = new AddressAllocator(Options, _time);
        _allocator.UsePrefixes([IpPrefix.Parse("10.0.0.0/28"), IpPrefix.Parse("fd00::/64")]);
        _foundlings.Clear();
        var plan = AdoptionPlan.Of(_journal.Read(static table => table.All.ToArray()), _kernel);
        foreach (var attachment in plan.Running)
        {
            Assert.True(_allocator.TryAdopt(attachment.Addresses));
        }

        foreach (var (link, addresses) in plan.Foundlings)
        {
            Assert.True(_allocator.TryAdopt(addresses));
            _foundlings[link] = addresses;
        }

        foreach (var attachment in plan.Gone)
        {
            _journal.Forget(attachment.Key, _time.GetUtcNow());
        }

        foreach (var link in plan.UselessLinks)
        {
            _kernel.Remove(link);
        }

        var (last, freed) = _journal.Read(static table => (table.Last, table.Freed.ToArray()));
        _allocator.ContinueAfter(last);
        _freedAt.Clear();
        foreach (var (address, at) in freed)
        {
            _allocator.ContinueCooling(address, at);
            _freedAt[address] = at;
        }
    }

    /// <summary>What is wrong with addresses that were given out just now.</summary>
    private string? Unsound(ValueList<IpAddress> addresses)
    {
        foreach (var address in addresses)
        {
            if (_kernel.Values.Any(other => other.Contains(address)))
            {
                return $"{address} was given out, and a pod has it";
            }

            if (Options.Reserved.Any(range => range.Contains(address)))
            {
                return $"{address} was given out, and is reserved";
            }
        }

        var cooling = _freedAt.Where(entry => _time.GetUtcNow() - entry.Value < Options.CoolDown).Select(static entry => entry.Key).ToHashSet();
        var used = _kernel.Values.SelectMany(static owned => owned.AsEnumerable()).ToHashSet();
        var first = addresses[0];
        var warm = Enumerable.Range(1, 14).Select(static number => IpAddress.Parse($"10.0.0.{number}")).Count(address => address != IpAddress.Parse("10.0.0.3") && !used.Contains(address) && !cooling.Contains(address));
        _freedAt.Remove(first);
        return cooling.Contains(first) && warm > 0 ? $"{first} was given out while it cooled, and {warm} others did not" : null;
    }

    /// <summary>What is wrong between two steps.</summary>
    private string? Check()
    {
        var owned = _kernel.Values.SelectMany(static addresses => addresses.AsEnumerable()).ToList();
        if (owned.Distinct().Count() != owned.Count)
        {
            return "two pods share an address";
        }

        if (!_allocator.Taken.SequenceEqual(owned.Order()))
        {
            return $"in use are {string.Join(' ', owned.Order())}, and {string.Join(' ', _allocator.Taken.AsEnumerable())} count as in use";
        }

        var known = _journal.Read(static table => table.All.Select(static attachment => PodLinkNames.HostLink(attachment.Key)).ToList());
        return known.Concat(_foundlings.Keys).Order(StringComparer.Ordinal).SequenceEqual(_kernel.Keys.Order(StringComparer.Ordinal)) ? null : "journal and kernel have different pods";
    }

    private static AttachmentKey Key(int pod) => new($"c{pod}", "eth0");
}
