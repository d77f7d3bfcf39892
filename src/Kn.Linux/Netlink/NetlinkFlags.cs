namespace Kn.Linux.Netlink;

#pragma warning disable CA1069 // The kernel gives one bit several meanings; each has its name here.
/// <summary>Flags of a netlink message header; some bits mean different things in get, new and ack messages.</summary>
/// <remarks>NLM_F_*, uapi/linux/netlink.h.</remarks>
[Flags]
public enum NetlinkFlags : ushort
{
    /// <summary>No flag.</summary>
    None = 0,

    /// <summary>NLM_F_REQUEST: on every message to the kernel.</summary>
    Request = 0x1,

    /// <summary>NLM_F_MULTI: one of several, ended by NLMSG_DONE.</summary>
    Multi = 0x2,

    /// <summary>NLM_F_ACK: answer even when it went well.</summary>
    Ack = 0x4,

    /// <summary>NLM_F_ECHO: send me the notification, too.</summary>
    Echo = 0x8,

    /// <summary>NLM_F_DUMP_INTR: what is dumped changed meanwhile, the answer may be wrong.</summary>
    DumpInterrupted = 0x10,

    /// <summary>NLM_F_ROOT | NLM_F_MATCH on a get: all objects.</summary>
    Dump = 0x300,

    /// <summary>NLM_F_REPLACE on a new: replace what is there.</summary>
    Replace = 0x100,

    /// <summary>NLM_F_EXCL on a new: fail when it is there.</summary>
    Exclusive = 0x200,

    /// <summary>NLM_F_CREATE on a new: make it when it is absent.</summary>
    Create = 0x400,

    /// <summary>NLM_F_APPEND on a new: add at the end.</summary>
    Append = 0x800,

    /// <summary>NLM_F_NONREC on a delete: not the objects within.</summary>
    NonRecursive = 0x100,

    /// <summary>NLM_F_CAPPED on an ack: the request is not repeated in it.</summary>
    Capped = 0x100,

    /// <summary>NLM_F_ACK_TLVS on an ack or done: extended-ack attributes follow.</summary>
    AckAttributes = 0x200,
}
#pragma warning restore CA1069
