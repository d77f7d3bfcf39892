using System.Buffers.Binary;

namespace Kn.Bgp.Messages;

/// <summary>Reads an OPEN of which nothing is believed.</summary>
/// <remarks>RFC 4271 §4.2, with the long parameters of RFC 9072.
/// <code>
///  0  1  version: 4
///  1  2  AS number
///  3  2  hold time in seconds
///  5  4  BGP identifier
///  9  1  length of the parameters        9  1  not 0
/// 10     parameters: type, length       10  1  255
///                                       11  2  length of the parameters
///                                       13     parameters: type, length in two bytes
/// </code></remarks>
internal static class OpenReader
{
    private const int FixedBytes = 10;
    private const int ExtendedFixedBytes = 13;
    private const byte ExtendedParameters = 255;
    private const byte CapabilitiesParameter = 2;

    /// <summary>Reads what is behind the header.</summary>
    /// <param name="body">The message without its header.</param>
    /// <param name="error">What to answer when it is wrong (RFC 4271 §6.2).</param>
    internal static OpenMessage? Read(ReadOnlySpan<byte> body, out BgpError? error)
    {
        if (body.Length < FixedBytes)
        {
            error = BgpError.MalformedOpen;
            return null;
        }

        var number = BinaryPrimitives.ReadUInt16BigEndian(body[1..]);
        var hold = BinaryPrimitives.ReadUInt16BigEndian(body[3..]);
        var identifier = BinaryPrimitives.ReadUInt32BigEndian(body[5..]);
        var capabilities = new CapabilityReader();
        error = body[0] != 4 ? BgpError.UnsupportedVersion
            : hold is 1 or 2 ? BgpError.UnacceptableHoldTime
            : identifier == 0 ? BgpError.BadIdentifier
            : ReadParameters(body, capabilities);
        if (error is not null)
        {
            return null;
        }

        var read = capabilities.ToCapabilities();
        var asn = read.FourOctetAs ?? number;
        error = asn == 0 ? BgpError.BadPeerAs : null;
        return error is null ? new OpenMessage(asn, hold, identifier, read) : null;
    }

    private static BgpError? ReadParameters(ReadOnlySpan<byte> body, CapabilityReader capabilities)
    {
        var isExtended = body[9] != 0 && body.Length >= ExtendedFixedBytes && body[10] == ExtendedParameters;
        int length = isExtended ? BinaryPrimitives.ReadUInt16BigEndian(body[11..]) : body[9];
        var parameters = body[(isExtended ? ExtendedFixedBytes : FixedBytes)..];
        if (length != parameters.Length)
        {
            return BgpError.MalformedOpen;
        }

        var head = isExtended ? 3 : 2;
        while (!parameters.IsEmpty)
        {
            var type = parameters[0];
            if (parameters.Length < head)
            {
                return BgpError.MalformedOpen;
            }

            int size = isExtended ? BinaryPrimitives.ReadUInt16BigEndian(parameters[1..]) : parameters[1];
            if (parameters.Length < head + size)
            {
                return BgpError.MalformedOpen;
            }

            if (type != CapabilitiesParameter)
            {
                return BgpError.UnsupportedParameter;
            }

            if (!capabilities.TryRead(parameters.Slice(head, size)))
            {
                return BgpError.MalformedOpen;
            }

            parameters = parameters[(head + size)..];
        }

        return null;
    }
}
