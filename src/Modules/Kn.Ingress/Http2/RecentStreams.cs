namespace Kn.Ingress.Http2;

/// <summary>The streams that were closed last: what still comes for them is judged by how they ended (RFC 9113 §5.1).</summary>
internal sealed class RecentStreams
{
    private const int Kept = 128;
    private int[] _streams = [];
    private int[] _reset = [];
    private int _count;

    /// <summary>Takes note of one.</summary>
    /// <param name="stream">Its number.</param>
    /// <param name="wasResetHere">Whether it was reset by this end, so that the other may have sent more before it knew.</param>
    public void Add(int stream, bool wasResetHere)
    {
        if (_streams.Length == 0)
        {
            (_streams, _reset) = (new int[Kept], new int[Kept]);
        }

        var place = _count++ & (Kept - 1);
        _streams[place] = stream;
        _reset[place] = wasResetHere ? stream : 0;
    }

    /// <summary>Whether it is among them.</summary>
    public bool Has(int stream) => _streams.AsSpan().Contains(stream);

    /// <summary>Whether it was reset by this end.</summary>
    public bool WasResetHere(int stream) => _reset.AsSpan().Contains(stream);
}
