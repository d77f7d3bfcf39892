namespace Kn.Cni.Protocol;

/// <summary>The <c>code</c> of a CNI error object.</summary>
/// <remarks>CNI specification 1.1.0, section 5 "Error": 1 to 99 are the specification's, 100 and above are the plugin's own.</remarks>
public enum CniErrorCode
{
    /// <summary>The configuration's cniVersion is not supported, or has not got this command.</summary>
    IncompatibleVersion = 1,

    /// <summary>The configuration has a field with a value that is not supported; the message names it.</summary>
    UnsupportedField = 2,

    /// <summary>The container's network namespace does not exist; the runtime need not clean up.</summary>
    UnknownContainer = 3,

    /// <summary>An environment variable is missing or has a bad value; the message names it.</summary>
    InvalidEnvironment = 4,

    /// <summary>Reading or writing failed.</summary>
    InputOutput = 5,

    /// <summary>The configuration is not the JSON that it should be.</summary>
    UndecodableContent = 6,

    /// <summary>The configuration is JSON, but invalid.</summary>
    InvalidConfig = 7,

    /// <summary>A condition that passes by itself; the runtime should try again later.</summary>
    TryAgainLater = 11,

    /// <summary>STATUS: an ADD would fail.</summary>
    NotAvailable = 50,

    /// <summary>The kernel refused a step of the attachment; everything done before it was undone.</summary>
    KernelRefused = 100,

    /// <summary>ADD for a container and interface that are attached already; DEL comes first.</summary>
    AlreadyAttached = 101,

    /// <summary>No free address is left in the node's podCIDR.</summary>
    AddressesExhausted = 102,

    /// <summary>CHECK found something missing or different; the message says what.</summary>
    CheckFailed = 103,

    /// <summary>An address that was asked for (by annotation, CNI_ARGS or capability) cannot be given; the message says why.</summary>
    AddressRefused = 104,

    /// <summary>A port of the node that the container asks for leads to another container already; the message names it.</summary>
    HostPortTaken = 105,
}
