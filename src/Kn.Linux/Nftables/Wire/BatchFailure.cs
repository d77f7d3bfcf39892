using System.Buffers.Binary;
using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables;

/// <summary>Finds out what a refused message was about.</summary>
internal static class BatchFailure
{
    internal static NftException ToException(BatchWriter origins, IReadOnlyList<NetlinkFailure> failures, ReadOnlySpan<byte> messages)
    {
        var first = failures[0];
        var origin = origins.OriginOf(first.Index);
        var element = origin.Operation is ElementsOperation operation && first.Error.OffsetBytes is { } offset
            ? FindElement(operation, origin.FirstElement, MessageAt(messages, first.Index), offset)
            : null;
        return new NftException(origin.Operation, element, failures.Count, first.Error);
    }

    private static ReadOnlySpan<byte> MessageAt(ReadOnlySpan<byte> messages, int index)
    {
        for (; index > 0 && messages.Length >= NetlinkWriter.HeaderBytes; index--)
        {
            messages = messages[(int)BinaryPrimitives.ReadUInt32LittleEndian(messages)..];
        }

        return messages.Length < NetlinkWriter.HeaderBytes ? default : messages[..(int)BinaryPrimitives.ReadUInt32LittleEndian(messages)];
    }

    /// <summary>The element whose list entry lies around the offset that the kernel complains about.</summary>
    private static NftElement? FindElement(ElementsOperation operation, int firstElement, ReadOnlySpan<byte> message, uint offset)
    {
        var attributes = new AttributeReader(message[(NetlinkWriter.HeaderBytes + NftMessages.GenericHeaderBytes)..]);
        while (attributes.MoveNext())
        {
            if (attributes.Type != ElementCodec.NFTA_SET_ELEM_LIST_ELEMENTS)
            {
                continue;
            }

            var entry = -1;
            var list = attributes.Nested();
            while (list.MoveNext())
            {
                message.Overlaps(list.Value, out var start);
                if (start > offset + sizeof(uint))
                {
                    break;
                }

                entry++;
            }

            return ElementOfEntry(operation, firstElement, entry);
        }

        return null;
    }

    /// <summary>A range of a plain set of intervals is two entries, or one where it reaches the end of all keys.</summary>
    private static NftElement? ElementOfEntry(ElementsOperation operation, int firstElement, int entry)
    {
        using var rented = new RentedBuffer(1024);
        for (var i = firstElement; i < operation.Elements.Count && entry >= 0; i++)
        {
            if (!operation.Set.HoldsStartsAndEnds)
            {
                return i + entry < operation.Elements.Count ? operation.Elements[i + entry] : null;
            }

            var writer = new NetlinkWriter(rented.Span);
            entry -= ElementCodec.Write(ref writer, operation.Set, operation.Elements[i], withContent: false);
            writer.Dispose();
            if (entry < 0)
            {
                return operation.Elements[i];
            }
        }

        return null;
    }
}
