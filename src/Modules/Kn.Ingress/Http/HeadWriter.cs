using System.Buffers.Text;

namespace Kn.Ingress.Http;

/// <summary>Writes a head into a caller's bytes. What does not fit is told by <see cref="IsFull"/>, not thrown: heads come from strangers.</summary>
internal ref struct HeadWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;

    /// <summary>How much is written.</summary>
    public int Length { get; private set; }

    /// <summary>Whether something did not fit; what is written is of no use then.</summary>
    public bool IsFull { get; private set; }

    /// <summary>Bytes as they are.</summary>
    public void Write(scoped ReadOnlySpan<byte> bytes)
    {
        if (IsFull || bytes.Length > _destination.Length - Length)
        {
            IsFull = true;
            return;
        }

        bytes.CopyTo(_destination[Length..]);
        Length += bytes.Length;
    }

    /// <summary>A number in decimal.</summary>
    public void Write(long number)
    {
        Span<byte> digits = stackalloc byte[20];
        _ = Utf8Formatter.TryFormat(number, digits, out var length);
        Write(digits[..length]);
    }

    /// <summary>A field line.</summary>
    public void Field(scoped ReadOnlySpan<byte> nameAndColon, scoped ReadOnlySpan<byte> value)
    {
        Write(nameAndColon);
        Write(value);
        Write("\r\n"u8);
    }
}
