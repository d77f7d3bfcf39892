using System.Globalization;
using System.Text;
using Kn.Cni.Protocol;
using Kn.Linux;
using Kn.Linux.Files;
using Kn.Primitives;

namespace Kn.Cni.Plain.HostLocal;

/// <summary>The addresses of one network that are in use on this host: a directory with a file for each, shared with the reference plugin
/// host-local.</summary>
/// <remarks>
/// The format is the reference plugin's (containernetworking/plugins, plugins/ipam/host-local/backend/disk):
/// <code>
///   DATADIR/NETWORK/lock                 flock(2), held while anything here is read or changed
///   DATADIR/NETWORK/10.10.0.2            container id CR LF interface name
///   DATADIR/NETWORK/last_reserved_ip.0   the address that the first range set gave out last
/// </code>
/// A file appears under its name with its whole content, on the disk: neither a killed process nor a power cut leaves one of which nobody
/// knows whose it is. Those that others leave so (an empty file, seen under the lock) are free.
/// One object holds the lock for as long as it lives.
/// </remarks>
public sealed class ReservationStore : IDisposable
{
    /// <summary>Where the reference plugin keeps its networks.</summary>
    public const string DefaultDirectory = "/var/lib/cni/networks";

    private const string LockName = "lock";
    private const string LastPrefix = "last_reserved_ip.";
    private const string Separator = "\r\n";

    /// <summary>No address, so that the reference plugin sees nothing in it should it be left behind.</summary>
    private const string DraftName = ".kn-draft";

    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly string _directory;
    private readonly FileLock _lock;

    private ReservationStore(string directory)
    {
        _directory = directory;
        _lock = FileLock.Take(Path.Combine(directory, LockName));
    }

    /// <summary>Opens a network's directory, making it when it is missing, and takes its lock.</summary>
    /// <exception cref="CniException">Code 5: it cannot be made or locked.</exception>
    public static ReservationStore Open(string dataDirectory, string network) => Guard(() =>
    {
        var directory = Path.Combine(dataDirectory, network);
        Directory.CreateDirectory(directory);
        return new ReservationStore(directory);
    });

    /// <summary>Opens a network's directory if there is one, and takes its lock.</summary>
    /// <exception cref="CniException">Code 5: it cannot be locked.</exception>
    public static ReservationStore? OpenExisting(string dataDirectory, string network) =>
        Directory.Exists(Path.Combine(dataDirectory, network)) ? Open(dataDirectory, network) : null;

    /// <summary>Reserves an address, which must be free, and remembers it as the last one that its range set gave out.</summary>
    /// <exception cref="CniException">Code 5: it cannot be written.</exception>
    public void Reserve(IpAddress address, AttachmentKey owner, int rangeSet) => Guard(() =>
    {
        var draft = Path.Combine(_directory, DraftName);
        using (var file = Create(draft, owner.ContainerId + Separator + owner.InterfaceName))
        {
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, PathOf(address), overwrite: true);
        // Where the next search starts is worth no waiting for the disk.
        Create(PathOfLast(rangeSet), address.ToString()).Dispose();
        return true;
    });

    /// <summary>Every address that has a file.</summary>
    public IReadOnlySet<IpAddress> ReadAddresses() => Guard(() =>
    {
        var addresses = new HashSet<IpAddress>();
        foreach (var path in Directory.EnumerateFiles(_directory))
        {
            if (IpAddress.TryParse(Path.GetFileName(path.AsSpan()), out var address))
            {
                addresses.Add(address);
            }
        }

        return addresses;
    });

    /// <summary>The address that a range set gave out last; null when there is none, or nobody can read it.</summary>
    public IpAddress? LastOf(int rangeSet) => Guard(() =>
        IpAddress.TryParse(ReadText(PathOfLast(rangeSet)), out var address) ? address : (IpAddress?)null);

    /// <summary>Every reservation, in no order.</summary>
    public IReadOnlyList<Reservation> ReadAll() =>
        [.. ReadAddresses().Select(address => Guard(() => Parse(address, ReadText(PathOf(address)))))];

    /// <summary>The addresses of one attachment, IPv4 first.</summary>
    public ValueList<IpAddress> AddressesOf(AttachmentKey owner)
    {
        var mine = ReadAll().Where(reservation => reservation.BelongsTo(owner)).ToList();
        // Files of plugins before 0.7 name no interface; they count only where nothing better does.
        var exact = mine.Where(static reservation => reservation.Owner.InterfaceName.Length > 0).ToList();
        return (exact.Count > 0 ? exact : mine).Select(static reservation => reservation.Address).Order().ToValueList();
    }

    /// <summary>Frees an address. One that is free is success.</summary>
    /// <exception cref="CniException">Code 5: it cannot be removed.</exception>
    public void Release(IpAddress address) => Guard(() =>
    {
        File.Delete(PathOf(address));
        return true;
    });

    /// <summary>Lets others at it.</summary>
    public void Dispose() => _lock.Dispose();

    private static Reservation Parse(IpAddress address, string text)
    {
        var parts = text.Split(Separator, 2);
        return new Reservation(address, new AttachmentKey(parts[0].Trim(), parts.Length > 1 ? parts[1].Trim() : ""));
    }

    private static FileStream Create(string path, string text)
    {
        var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = Readable });
        file.Write(Encoding.ASCII.GetBytes(text));
        return file;
    }

    private static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (FileNotFoundException)
        {
            return "";
        }
    }

    private string PathOf(IpAddress address) => Path.Combine(_directory, address.ToString());

    private string PathOfLast(int rangeSet) => Path.Combine(_directory, LastPrefix + rangeSet.ToString(CultureInfo.InvariantCulture));

    private static T Guard<T>(Func<T> body)
    {
        try
        {
            return body();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or LinuxException)
        {
            throw new CniException(CniErrorCode.InputOutput, "the network's reservations cannot be read or written", error.Message, error);
        }
    }
}

/// <summary>An address in use.</summary>
/// <param name="Address">Which.</param>
/// <param name="Owner">Whose; the interface is empty in files of old plugins, both are empty where a writer was killed.</param>
public sealed record Reservation(IpAddress Address, AttachmentKey Owner)
{
    /// <summary>Whether this is an address of that attachment.</summary>
    public bool BelongsTo(AttachmentKey owner) =>
        Owner.ContainerId == owner.ContainerId && (Owner.InterfaceName == owner.InterfaceName || Owner.InterfaceName.Length == 0);
}
