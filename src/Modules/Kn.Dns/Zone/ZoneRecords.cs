using Kn.Dns.Wire;
using Kn.Primitives;

namespace Kn.Dns.Zone;

/// <summary>The cluster zone as it is now: names and addresses, each leading to the piece that speaks of it. One thread writes, many read.</summary>
internal sealed class ZoneRecords
{
    private readonly PieceTable _names = new();
    private readonly PieceTable _addresses = new();
    private int _isComplete;
    private uint _serial = 1;

    /// <summary>False until everything that the cache knew at the start is in: what is missing before says nothing.</summary>
    public bool IsComplete => Volatile.Read(ref _isComplete) != 0;

    /// <summary>Grows when the zone changes.</summary>
    public uint Serial => Volatile.Read(ref _serial);

    /// <summary>How many pieces have a name.</summary>
    public int NameCount => _names.Count;

    /// <summary>How many addresses can be asked for; one that has two names counts twice.</summary>
    public int AddressCount => _addresses.Count;

    /// <summary>The piece whose labels these are (<see cref="ZonePiece.Labels"/>, in any case); null when there is none.</summary>
    public ZonePiece? Find(ReadOnlySpan<byte> labels)
    {
        var cursor = _names.Find(DnsName.Hash(labels));
        while (cursor.Next() is { } piece)
        {
            if (piece.Matches(labels))
            {
                return piece;
            }
        }

        return null;
    }

    /// <summary>The pieces that may have an address; which of them do is for the caller to see.</summary>
    public PieceTable.Cursor Find(IpAddress address) => _addresses.Find(Hash(address));

    /// <summary>Brings near what <see cref="Find(ReadOnlySpan{byte})"/> will look at for labels of these hashes (<see cref="DnsName.Hash"/>).</summary>
    /// <returns>A number that says nothing.</returns>
    public int ReadAhead(ReadOnlySpan<ulong> hashes) => _names.ReadAhead(hashes);

    /// <summary>Puts one piece in the place of another: what is new comes in before what is old goes.</summary>
    /// <param name="before">Null when there was none.</param>
    /// <param name="after">Null when there is none; else of the same key.</param>
    public void Change(ZonePiece? before, ZonePiece? after)
    {
        Rename(before, after);
        var reader = new AddressesOf(after);
        while (reader.TryNext(out var address))
        {
            // The same address of the same piece: the place is taken over.
            if (before is null || !_addresses.Replace(Hash(address), before, after))
            {
                _addresses.Add(Hash(address), after!);
            }
        }

        reader = new AddressesOf(before);
        while (reader.TryNext(out var address))
        {
            _addresses.Remove(Hash(address), before!);
        }
    }

    /// <summary>Says that everything is in, or that a batch of changes is, and gives the zone this serial or a later one than it had.</summary>
    public void Publish(uint serial)
    {
        Volatile.Write(ref _serial, Math.Max(serial, _serial + 1));
        Volatile.Write(ref _isComplete, 1);
    }

    private void Rename(ZonePiece? before, ZonePiece? after)
    {
        var hash = DnsName.Hash((after ?? before)!.Labels.AsSpan());
        if (after is PodPiece || before is PodPiece)
        {
            return;
        }

        if (before is null)
        {
            _names.Add(hash, after!);
        }
        else if (!_names.Replace(hash, before, after) && after is not null)
        {
            _names.Add(hash, after);
        }
    }

    private static ulong Hash(IpAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return DnsName.HashBytes(bytes[..address.WriteBytes(bytes)]);
    }

    /// <summary>A piece's addresses, each once.</summary>
    private ref struct AddressesOf(ZonePiece? piece)
    {
        private readonly ReadOnlySpan<IpAddress> _addresses = piece switch
        {
            ServicePiece service => service.Addresses.AsSpan(),
            PodPiece pod => pod.Addresses.AsSpan(),
            _ => default,
        };

        private readonly ReadOnlySpan<EndpointRecord> _endpoints = piece is HeadlessPiece headless ? headless.Endpoints.AsSpan() : default;
        private int _next;

        public bool TryNext(out IpAddress address)
        {
            while (_next < _endpoints.Length)
            {
                address = _endpoints[_next++].Address;
                if (_next < 2 || _endpoints[_next - 2].Address != address)
                {
                    return true;
                }
            }

            if (_endpoints.IsEmpty && _next < _addresses.Length)
            {
                address = _addresses[_next++];
                return true;
            }

            address = default;
            return false;
        }
    }
}
