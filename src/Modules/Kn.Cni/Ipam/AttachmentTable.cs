using System.Diagnostics.CodeAnalysis;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>The attachments that a sequence of journal records leaves. Pure memory; not thread-safe.</summary>
public sealed class AttachmentTable
{
    private readonly Dictionary<AttachmentKey, Attachment> _attachments = [];
    private readonly Dictionary<IpAddress, DateTimeOffset> _freed = [];
    private readonly Queue<(IpAddress Address, DateTimeOffset At)> _freedInOrder = new();
    private readonly SortedDictionary<IpFamily, IpAddress> _last = [];

    /// <summary>Every attachment, in no particular order.</summary>
    public IReadOnlyCollection<Attachment> All => _attachments.Values;

    /// <summary>The last addresses given out, one of a family.</summary>
    public ValueList<IpAddress> Last => _last.Values.ToValueList();

    /// <summary>Addresses freed lately, and when: at most <see cref="IpamOptions.MaxCoolDown"/> before the youngest of them.</summary>
    public IReadOnlyDictionary<IpAddress, DateTimeOffset> Freed => _freed;

    /// <summary>Follows one record.</summary>
    public void Apply(JournalRecord record)
    {
        switch (record)
        {
            case JournalRecord.Added { Attachment: var attachment }:
                _attachments[attachment.Key] = attachment;
                Remember(attachment.Addresses);
                attachment.Addresses.ToList().ForEach(address => _freed.Remove(address));
                break;
            case JournalRecord.Completed completed when _attachments.TryGetValue(completed.Key, out var begun):
                _attachments[completed.Key] = begun with { IsComplete = true };
                break;
            case JournalRecord.Removed removed:
                if (_attachments.Remove(removed.Key, out var gone) && removed.At is { } at)
                {
                    gone.Addresses.ToList().ForEach(address => RememberFreed(address, at));
                }

                break;
            case JournalRecord.Freed freed:
                RememberFreed(freed.Address, freed.At);
                break;
            case JournalRecord.Position position:
                Remember(position.Last);
                break;
        }
    }

    /// <summary>The shortest sequence of records that leaves the same.</summary>
    public IEnumerable<JournalRecord> ToRecords() =>
        _attachments.Values.Select(static attachment => (JournalRecord)new JournalRecord.Added(attachment))
            .Concat(_freed.Select(static entry => new JournalRecord.Freed(entry.Key, entry.Value)))
            .Append(new JournalRecord.Position(Last));

    /// <summary>Finds an attachment.</summary>
    public bool TryFind(AttachmentKey key, [NotNullWhen(true)] out Attachment? attachment) => _attachments.TryGetValue(key, out attachment);

    private void RememberFreed(IpAddress address, DateTimeOffset at)
    {
        _freed[address] = at;
        _freedInOrder.Enqueue((address, at));
        while (_freedInOrder.TryPeek(out var oldest) && (oldest.At < at - IpamOptions.MaxCoolDown || !_freed.TryGetValue(oldest.Address, out var current) || current != oldest.At))
        {
            _freedInOrder.Dequeue();
            if (_freed.TryGetValue(oldest.Address, out current) && current == oldest.At)
            {
                _freed.Remove(oldest.Address);
            }
        }
    }

    private void Remember(ValueList<IpAddress> addresses)
    {
        foreach (var address in addresses)
        {
            _last[address.Family] = address;
        }
    }
}
