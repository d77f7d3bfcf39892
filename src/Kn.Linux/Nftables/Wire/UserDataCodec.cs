using Kn.Linux.Netlink;

namespace Kn.Linux.Nftables;

/// <summary>Comments in user data: the entry of type 0 of tables, chains, rules and elements.</summary>
internal static class UserDataCodec
{
    private const byte Comment = 0;

    internal static void PutComment(ref NetlinkWriter writer, ushort attribute, string? comment)
    {
        if (comment is not null)
        {
            var data = new UserDataWriter(stackalloc byte[UserDataWriter.MaxBytes]);
            data.PutString(Comment, comment);
            writer.PutBytes(attribute, data.Written);
        }
    }

    /// <summary>The comment; where there is anything else, the whole user data is kept as unknown, too.</summary>
    internal static string? ReadComment(ReadOnlySpan<byte> data, ushort attribute, List<UnknownAttribute> unknown)
    {
        string? comment = null;
        var foreign = false;
        var reader = new UserDataReader(data);
        while (reader.MoveNext())
        {
            if (reader.Type == Comment && comment is null)
            {
                comment = reader.ReadString();
            }
            else
            {
                foreign = true;
            }
        }

        if (foreign || reader.IsMalformed)
        {
            unknown.Add(new UnknownAttribute(attribute, NftValue.Of(data)));
        }

        return comment;
    }
}
