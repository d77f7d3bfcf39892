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
    public sealed record Removed(AttachmentKey Key) : JournalRecord;

    /// <summary>The last addresses given out, one of a family: where the round goes on.</summary>
    public sealed record Position(ValueList<IpAddress> Last) : JournalRecord;
}
