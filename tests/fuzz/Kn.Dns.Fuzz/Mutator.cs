using System.Buffers.Binary;

namespace Kn.Dns.Fuzz;

/// <summary>Changes messages, with a taste for what matters in DNS: lengths, pointers, counts, types.</summary>
internal sealed class Mutator(Random random)
{
    private const int MaxLength = 2048;

    private static readonly byte[] TellingBytes = [0, 1, 2, 4, 5, 6, 12, 15, 16, 28, 33, 39, 41, 0x3F, 0x40, 0x7F, 0x80, 0xC0, 0xC1, 0xFF];
    private static readonly ushort[] TellingWords = [0, 1, 2, 0x0029, 0x7FFF, 0x8000, 0xC000, 0xC00B, 0xC00C, 0xC00D, 0xFFFF];

    /// <summary>One to several changes.</summary>
    public byte[] Mutate(byte[] message, byte[] other)
    {
        var changed = message.ToList();
        for (var change = 1 + random.Next(4); change > 0; change--)
        {
            Change(changed, other);
        }

        return changed.Count > MaxLength ? [.. changed[..MaxLength]] : [.. changed];
    }

    private void Change(List<byte> message, byte[] other)
    {
        var at = random.Next(message.Count + 1);
        switch (random.Next(9))
        {
            case 0 when at < message.Count:
                message[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < message.Count:
                message[at] = TellingBytes[random.Next(TellingBytes.Length)];
                break;
            case 2 when at + 1 < message.Count:
                SetWord(message, at, TellingWords[random.Next(TellingWords.Length)]);
                break;
            case 3 when at + 1 < message.Count:
                // A pointer to somewhere in the message.
                SetWord(message, at, (ushort)(0xC000 | random.Next(message.Count)));
                break;
            case 4:
                message.RemoveRange(at, Math.Min(random.Next(16), message.Count - at));
                break;
            case 5:
                message.InsertRange(at, message.Skip(random.Next(message.Count + 1)).Take(random.Next(40)).ToArray());
                break;
            case 6:
                message.InsertRange(at, other.Skip(random.Next(other.Length + 1)).Take(random.Next(80)).ToArray());
                break;
            case 7 when message.Count >= 12:
                SetWord(message, 4 + (2 * random.Next(4)), (ushort)random.Next(6));
                break;
            default:
                message.RemoveRange(at, message.Count - at);
                break;
        }
    }

    private static void SetWord(List<byte> message, int at, ushort value)
    {
        Span<byte> word = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(word, value);
        message[at] = word[0];
        message[at + 1] = word[1];
    }
}
