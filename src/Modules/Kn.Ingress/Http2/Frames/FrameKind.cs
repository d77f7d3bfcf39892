namespace Kn.Ingress.Http2.Frames;

/// <summary>Kinds of frames (RFC 9113 §6); others are passed over.</summary>
internal enum FrameKind : byte
{
    /// <summary>DATA.</summary>
    Data = 0,

    /// <summary>HEADERS.</summary>
    Headers = 1,

    /// <summary>PRIORITY.</summary>
    Priority = 2,

    /// <summary>RST_STREAM.</summary>
    Reset = 3,

    /// <summary>SETTINGS.</summary>
    Settings = 4,

    /// <summary>PUSH_PROMISE.</summary>
    PushPromise = 5,

    /// <summary>PING.</summary>
    Ping = 6,

    /// <summary>GOAWAY.</summary>
    GoAway = 7,

    /// <summary>WINDOW_UPDATE.</summary>
    WindowUpdate = 8,

    /// <summary>CONTINUATION.</summary>
    Continuation = 9,
}

/// <summary>Flags of frames; what they mean depends on the kind.</summary>
[Flags]
internal enum FrameFlags : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>END_STREAM, of DATA and HEADERS.</summary>
    EndStream = 1,

#pragma warning disable CA1069 // The same bit means something else in other kinds of frames.
    /// <summary>ACK, of SETTINGS and PING.</summary>
    Ack = 1,
#pragma warning restore CA1069

    /// <summary>END_HEADERS, of HEADERS and CONTINUATION.</summary>
    EndHeaders = 4,

    /// <summary>PADDED, of DATA and HEADERS.</summary>
    Padded = 8,

    /// <summary>PRIORITY, of HEADERS.</summary>
    Priority = 0x20,
}
