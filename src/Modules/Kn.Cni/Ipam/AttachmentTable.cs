using System.Diagnostics.CodeAnalysis;
using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>The attachments that a sequence of journal records leaves. Pure memory; not thread-safe.</summary>
public sealed class AttachmentTable
{
    private readonly Dictionary<AttachmentKey, Attachment> _attachments = [];
    private readonly SortedDictionary<IpFamily, IpAddress> _last = [];

    /// <summary>Every attachment, in no particular order.</summary>
    public IReadOnlyCollection<Attachment> All => _attachments.Values;

    /// <summary>The last addresses given out, one of a family.</summary>
    public ValueList<IpAddress> Last => _last.Values.ToValueList();

    /// <summary>Follows one record.</summary>
    public void Apply(JournalRecord record)
    {
        switch (record)
        {
            case JournalRecord.Added { Attachment: var attachment }:
                _attachments[attachment.Key] = attachment;
                Remember(attachment.Addresses);
                break;
            case JournalRecord.Completed completed when _attachments.TryGetValue(completed.Key, out var begun):
                _attachments[completed.Key] = begun with { IsComplete = true };
                break;
            case JournalRecord.Removed removed:
                _attachments.Remove(removed.Key);
                break;
            case JournalRecord.Position position:
                Remember(position.Last);
                break;
        }
    }

    /// <summary>The shortest sequence of records that leaves the same.</summary>
    public IEnumerable<JournalRecord> ToRecords() =>
        _attachments.Values.Select(static attachment => (JournalRecord)new JournalRecord.Added(attachment)).Append(new JournalRecord.Position(Last));

    /// <summary>Finds an attachment.</summary>
    public bool TryFind(AttachmentKey key, [NotNullWhen(true)] out Attachment? attachment) => _attachments.TryGetValue(key, out attachment);

    private void Remember(ValueList<IpAddress> addresses)
    {
        foreach (var address in addresses)
        {
            _last[address.Family] = address;
        }
    }
}
