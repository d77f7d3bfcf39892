namespace Kn.Linux;

/// <summary>Error numbers of Linux that Kn tells apart; others are carried by their number.</summary>
/// <remarks>asm-generic/errno-base.h and errno.h, which x86-64 and arm64 share.</remarks>
public enum Errno
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>Operation not permitted.</summary>
    EPERM = 1,

    /// <summary>No such file, table, chain or object.</summary>
    ENOENT = 2,

    /// <summary>No such process; rtnetlink's answer for a route that is absent.</summary>
    ESRCH = 3,

    /// <summary>A signal interrupted the call.</summary>
    EINTR = 4,

    /// <summary>Input or output failed.</summary>
    EIO = 5,

    /// <summary>No such device or address.</summary>
    ENXIO = 6,

    /// <summary>Argument list too long.</summary>
    E2BIG = 7,

    /// <summary>Not an open file descriptor.</summary>
    EBADF = 9,

    /// <summary>Nothing there now: try again; also what a receive timeout returns.</summary>
    EAGAIN = 11,

    /// <summary>Out of memory.</summary>
    ENOMEM = 12,

    /// <summary>Permission denied.</summary>
    EACCES = 13,

    /// <summary>Bad address.</summary>
    EFAULT = 14,

    /// <summary>The object is in use.</summary>
    EBUSY = 16,

    /// <summary>The object is there already.</summary>
    EEXIST = 17,

    /// <summary>Cross-device link.</summary>
    EXDEV = 18,

    /// <summary>No such device; rtnetlink's answer for a link that is absent.</summary>
    ENODEV = 19,

    /// <summary>Not a directory.</summary>
    ENOTDIR = 20,

    /// <summary>Is a directory.</summary>
    EISDIR = 21,

    /// <summary>Invalid argument.</summary>
    EINVAL = 22,

    /// <summary>The system has too many open files.</summary>
    ENFILE = 23,

    /// <summary>The process has too many open files.</summary>
    EMFILE = 24,

    /// <summary>No space left.</summary>
    ENOSPC = 28,

    /// <summary>Read-only file system.</summary>
    EROFS = 30,

    /// <summary>Broken pipe.</summary>
    EPIPE = 32,

    /// <summary>Result or number out of range.</summary>
    ERANGE = 34,

    /// <summary>Name too long.</summary>
    ENAMETOOLONG = 36,

    /// <summary>The kernel does not have this system call.</summary>
    ENOSYS = 38,

    /// <summary>Too many levels of links, or a loop of chains.</summary>
    ELOOP = 40,

    /// <summary>Protocol error.</summary>
    EPROTO = 71,

    /// <summary>Value too large for its type.</summary>
    EOVERFLOW = 75,

    /// <summary>Message too long for its buffer.</summary>
    EMSGSIZE = 90,

    /// <summary>Protocol not supported.</summary>
    EPROTONOSUPPORT = 93,

    /// <summary>The kernel does not support the operation or the link kind.</summary>
    EOPNOTSUPP = 95,

    /// <summary>Address family not supported.</summary>
    EAFNOSUPPORT = 97,

    /// <summary>Interrupted, start again; nftables' answer when the generation asked for has passed.</summary>
    ERESTART = 85,

    /// <summary>Address in use.</summary>
    EADDRINUSE = 98,

    /// <summary>The address cannot be assigned; rtnetlink's answer for an address that is absent.</summary>
    EADDRNOTAVAIL = 99,

    /// <summary>The network or link is down.</summary>
    ENETDOWN = 100,

    /// <summary>Network unreachable: a gateway that no route reaches.</summary>
    ENETUNREACH = 101,

    /// <summary>A socket buffer overflowed: messages are lost.</summary>
    ENOBUFS = 105,

    /// <summary>Not connected; a veth's answer when its other end is not there yet.</summary>
    ENOTCONN = 107,

    /// <summary>No answer in time.</summary>
    ETIMEDOUT = 110,

    /// <summary>No route to the host.</summary>
    EHOSTUNREACH = 113,

    /// <summary>In progress already.</summary>
    EALREADY = 114,

    /// <summary>Operation in progress.</summary>
    EINPROGRESS = 115,

    /// <summary>Stale handle.</summary>
    ESTALE = 116,

    /// <summary>Cancelled.</summary>
    ECANCELED = 125,
}
