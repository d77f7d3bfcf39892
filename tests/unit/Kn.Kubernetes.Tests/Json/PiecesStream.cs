namespace Kn.Kubernetes.Tests.Json;

/// <summary>Gives out bytes as a network does: first so many, then one at a time for a while, then the rest.</summary>
public sealed class PiecesStream(byte[] bytes, int first) : MemoryStream(bytes)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var most = Position < first ? first - (int)Position : Position < first + 20 ? 1 : int.MaxValue;
        return base.ReadAsync(buffer[..Math.Min(most, buffer.Length)], cancellationToken);
    }
}
