namespace Kn.Ingress.Http;

/// <summary>Finds where a head ends in bytes that come in pieces, without looking at any byte twice.</summary>
internal static class HeadScan
{
    /// <summary>The length of the head with its empty line; 0 while it is not whole; -1 when it can be none: a line without CR.</summary>
    /// <param name="bytes">What is there so far.</param>
    /// <param name="scanned">How much of it an earlier call has seen; moved on.</param>
    public static int Find(ReadOnlySpan<byte> bytes, ref int scanned)
    {
        // An end may straddle two pieces: three bytes are looked at again.
        var from = Math.Max(0, scanned - 3);
        var end = bytes[from..].IndexOf("\r\n\r\n"u8);
        if (end >= 0)
        {
            scanned = from + end + 4;
            return scanned;
        }

        // A sender of bare LFs would wait for an answer until its time is up.
        if (bytes[from..].IndexOf("\n\n"u8) >= 0)
        {
            return -1;
        }

        scanned = bytes.Length;
        return 0;
    }
}
