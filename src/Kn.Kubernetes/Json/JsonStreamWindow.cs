namespace Kn.Kubernetes.Json;

/// <summary>The part of a JSON stream that was received and not yet consumed; grows for one large value, and shrinks again after it.</summary>
internal sealed class JsonStreamWindow(Stream stream, int usualSize = 32 << 10)
{
    // etcd's values end at 1.5 MiB by default; what is larger by far is no object but an attack or a fault.
    private const int LargestValue = 32 << 20;
    private byte[] _bytes = new byte[usualSize];
    private int _start;
    private int _end;

    /// <summary>What was received and not consumed.</summary>
    public ReadOnlySpan<byte> Unread => _bytes.AsSpan(_start, _end - _start);

    /// <summary>True once the stream has ended.</summary>
    public bool IsAtEnd { get; private set; }

    /// <summary>Consumes bytes.</summary>
    public void Consume(int count) => _start += count;

    /// <summary>Receives more; false at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">One value is larger than anything that the API server stores.</exception>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        MakeRoom();
        var count = await stream.ReadAsync(_bytes.AsMemory(_end), cancellationToken);
        _end += count;
        IsAtEnd = count == 0;
        return count > 0;
    }

    private void MakeRoom()
    {
        var length = _end - _start;
        if (length == 0)
        {
            _start = _end = 0;
            if (_bytes.Length > 4 * usualSize)
            {
                _bytes = new byte[usualSize];
            }
        }
        else if (_start > 0 && _end == _bytes.Length)
        {
            Unread.CopyTo(_bytes);
            (_start, _end) = (0, length);
        }

        if (_end == _bytes.Length)
        {
            if (length >= LargestValue)
            {
                throw new InvalidDataException($"one value of more than {LargestValue >> 20} MiB");
            }

            Array.Resize(ref _bytes, _bytes.Length * 2);
        }
    }
}
