using Kn.Cni.Protocol;

namespace Kn.Cni.Garbage;

/// <summary>Since when each attachment has looked deserted, without a break. Not thread-safe.</summary>
/// <remarks>What looks deserted at one look may be a pod between two containers, or a cache a moment behind; what looks so at every look of a
/// whole grace is. A look without the API server breaks every wait that rests on it, as such an attachment is not deserted then.</remarks>
internal sealed class GraceLedger
{
    private Dictionary<AttachmentKey, long> _since = [];

    /// <summary>Notes which ones look deserted now.</summary>
    /// <returns>Those that have done so for the whole grace.</returns>
    public IReadOnlyList<AttachmentKey> Note(IEnumerable<AttachmentKey> deserted, TimeSpan grace, TimeProvider time)
    {
        var now = time.GetTimestamp();
        var since = new Dictionary<AttachmentKey, long>();
        foreach (var key in deserted)
        {
            since[key] = _since.GetValueOrDefault(key, now);
        }

        _since = since;
        return [.. since.Where(entry => time.GetElapsedTime(entry.Value, now) >= grace).Select(static entry => entry.Key)];
    }
}
