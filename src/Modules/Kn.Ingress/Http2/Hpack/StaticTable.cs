using System.Text;
using Kn.Ingress.Routing;

namespace Kn.Ingress.Http2.Hpack;

/// <summary>The static table of HPACK (RFC 7541 appendix A), and what Kn does with the fields that it writes.</summary>
internal static class StaticTable
{
    /// <summary>How many entries; the dynamic table's indexes follow.</summary>
    public const int Count = 61;

    /// <summary>Where :authority is.</summary>
    public const int Authority = 1;

    /// <summary>Where GET is; POST follows.</summary>
    public const int MethodGet = 2;

    /// <summary>Where the path / is.</summary>
    public const int Path = 4;

    /// <summary>Where the scheme http is; https follows.</summary>
    public const int SchemeHttp = 6;

    /// <summary>Where the status 200 is.</summary>
    public const int Status200 = 8;

    private const string Entries =
        """
        :authority
        :method GET
        :method POST
        :path /
        :path /index.html
        :scheme http
        :scheme https
        :status 200
        :status 204
        :status 206
        :status 304
        :status 400
        :status 404
        :status 500
        accept-charset
        accept-encoding gzip, deflate
        accept-language
        accept-ranges
        accept
        access-control-allow-origin
        age
        allow
        authorization
        cache-control
        content-disposition
        content-encoding
        content-language
        content-length
        content-location
        content-range
        content-type
        cookie
        date
        etag
        expect
        expires
        from
        host
        if-match
        if-modified-since
        if-none-match
        if-range
        if-unmodified-since
        last-modified
        link
        location
        max-forwards
        proxy-authenticate
        proxy-authorization
        range
        referer
        refresh
        retry-after
        server
        set-cookie
        strict-transport-security
        transfer-encoding
        user-agent
        vary
        via
        www-authenticate
        """;

    /// <summary>Fields that come again and again with the same value.</summary>
    private const string Repeated =
        "accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials access-control-allow-headers access-control-allow-methods "
        + "access-control-allow-origin alt-svc cache-control content-encoding content-language content-type date grpc-accept-encoding grpc-encoding grpc-status "
        + "referrer-policy server strict-transport-security te user-agent vary via x-content-type-options x-forwarded-host x-forwarded-port x-forwarded-proto "
        + "x-frame-options x-xss-protection";

    /// <summary>Fields whose values nobody should be able to guess from lengths (RFC 7541 §7.1).</summary>
    private const string Secret = "authorization cookie proxy-authorization set-cookie";

    private static readonly (byte[] Name, byte[] Value)[] s_entries = ReadEntries();
    private static readonly ByteTable<FieldHabit> s_habits = ReadHabits();
    private static readonly FieldHabit s_other = new(0, FieldIndexing.Plain);

    /// <summary>An entry, from 1 to <see cref="Count"/>.</summary>
    public static void Get(int index, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = s_entries[index - 1].Name;
        value = s_entries[index - 1].Value;
    }

    /// <summary>How a field of that name is written.</summary>
    /// <param name="name">In lower case.</param>
    /// <param name="hash">Its hash (<see cref="ByteTable{T}.Hash"/>).</param>
    public static FieldHabit HabitOf(ReadOnlySpan<byte> name, uint hash) => s_habits.Find(name, hash) ?? s_other;

    private static (byte[] Name, byte[] Value)[] ReadEntries()
    {
        var lines = Entries.Split('\n');
        var entries = new (byte[] Name, byte[] Value)[lines.Length];
        for (var index = 0; index < lines.Length; index++)
        {
            var space = lines[index].IndexOf(' ', StringComparison.Ordinal);
            entries[index] = space < 0
                ? (Encoding.ASCII.GetBytes(lines[index]), [])
                : (Encoding.ASCII.GetBytes(lines[index][..space]), Encoding.ASCII.GetBytes(lines[index][(space + 1)..]));
        }

        return entries;
    }

    private static ByteTable<FieldHabit> ReadHabits()
    {
        var habits = new Dictionary<string, FieldHabit>(StringComparer.Ordinal);
        for (var index = s_entries.Length; index > 0; index--)
        {
            habits[Encoding.ASCII.GetString(s_entries[index - 1].Name)] = new FieldHabit(index, FieldIndexing.Plain);
        }

        foreach (var (names, indexing) in new[] { (Repeated, FieldIndexing.Indexed), (Secret, FieldIndexing.Never) })
        {
            foreach (var name in names.Split(' '))
            {
                habits[name] = new FieldHabit(habits.GetValueOrDefault(name)?.StaticIndex ?? 0, indexing);
            }
        }

        var items = new List<KeyValuePair<byte[], FieldHabit>>();
        foreach (var (name, habit) in habits)
        {
            items.Add(new(Encoding.ASCII.GetBytes(name), habit));
        }

        return new ByteTable<FieldHabit>(items);
    }
}

/// <summary>How Kn writes a field.</summary>
/// <param name="StaticIndex">Where its name is in the static table; 0 for nowhere.</param>
/// <param name="Indexing">Whether the reader is to keep it.</param>
internal sealed record FieldHabit(int StaticIndex, FieldIndexing Indexing);

/// <summary>Whether a field goes into the dynamic table.</summary>
internal enum FieldIndexing : byte
{
    /// <summary>It does not: it will hardly come again.</summary>
    Plain,

    /// <summary>It does.</summary>
    Indexed,

    /// <summary>It does not, and must not at any other hop (RFC 7541 §6.2.3).</summary>
    Never,
}
