using Kn.Cni.Protocol;
using Kn.Primitives;

namespace Kn.Cni.Ipam;

/// <summary>A line of the journal of attachments.</summary>
public abstract record JournalRecord
{
    private JournalRecord()
    {
    }

    /// <summary>An ADD begins, or (when the attachment is complete) a compacted journal holds it.</summary>
    public sealed record Added(Attachment Attachment) : JournalRecord;

    /// <summary>The ADD has come to its end.</summary>
    public sealed record Completed(AttachmentKey Key) : JournalRecord;

    /// <summary>The attachment is no more.</summary>
    /// <param name="Key">Which.</param>
    /// <param name="At">Since when; its addresses cool down from then on. Null in lines of releases that did not write it.</param>
    public sealed record Removed(AttachmentKey Key, DateTimeOffset? At = null) : JournalRecord;

    /// <summary>A compacted journal's memory of an address that may still cool down.</summary>
    public sealed record Freed(IpAddress Address, DateTimeOffset At) : JournalRecord;

    /// <summary>The last addresses given out, one of a family: where the round goes on.</summary>
    public sealed record Position(ValueList<IpAddress> Last) : JournalRecord;
}
