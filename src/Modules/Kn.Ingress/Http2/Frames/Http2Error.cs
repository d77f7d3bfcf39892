namespace Kn.Ingress.Http2.Frames;

/// <summary>Error codes of RST_STREAM and GOAWAY (RFC 9113 §7).</summary>
internal enum Http2Error : uint
{
    /// <summary>NO_ERROR.</summary>
    None = 0,

    /// <summary>PROTOCOL_ERROR.</summary>
    Protocol = 1,

    /// <summary>INTERNAL_ERROR.</summary>
    Internal = 2,

    /// <summary>FLOW_CONTROL_ERROR.</summary>
    FlowControl = 3,

    /// <summary>SETTINGS_TIMEOUT.</summary>
    SettingsTimeout = 4,

    /// <summary>STREAM_CLOSED.</summary>
    StreamClosed = 5,

    /// <summary>FRAME_SIZE_ERROR.</summary>
    FrameSize = 6,

    /// <summary>REFUSED_STREAM: nothing was done with the request.</summary>
    RefusedStream = 7,

    /// <summary>CANCEL.</summary>
    Cancel = 8,

    /// <summary>COMPRESSION_ERROR.</summary>
    Compression = 9,

    /// <summary>CONNECT_ERROR.</summary>
    Connect = 10,

    /// <summary>ENHANCE_YOUR_CALM.</summary>
    EnhanceYourCalm = 11,

    /// <summary>INADEQUATE_SECURITY.</summary>
    InadequateSecurity = 12,

    /// <summary>HTTP_1_1_REQUIRED.</summary>
    Http11Required = 13,
}
