using System.Buffers.Binary;

namespace Kn.Ingress.Http2.Frames;

/// <summary>What the other end has said of itself by SETTINGS (RFC 9113 §6.5.2).</summary>
internal struct PeerSettings()
{
    /// <summary>Octets of a setting: a kind of 16 bits and a value of 32.</summary>
    public const int SettingSize = 6;

    private const int MinFrame = 16 << 10;
    private const int MaxFrame = (1 << 24) - 1;

    /// <summary>SETTINGS_HEADER_TABLE_SIZE.</summary>
    public uint HeaderTableSize { get; private set; } = 4096;

    /// <summary>SETTINGS_MAX_CONCURRENT_STREAMS; none at first.</summary>
    public uint MaxConcurrentStreams { get; private set; } = uint.MaxValue;

    /// <summary>SETTINGS_INITIAL_WINDOW_SIZE.</summary>
    public int InitialWindow { get; private set; } = 65_535;

    /// <summary>Takes note of a frame's settings; of several of a kind the last counts.</summary>
    /// <param name="payload">A multiple of <see cref="SettingSize"/>.</param>
    /// <returns>The error of the connection that a bad value is.</returns>
    public Http2Error Read(ReadOnlySpan<byte> payload)
    {
        for (; payload.Length >= SettingSize; payload = payload[SettingSize..])
        {
            var error = Set((SettingKind)BinaryPrimitives.ReadUInt16BigEndian(payload), BinaryPrimitives.ReadUInt32BigEndian(payload[2..]));
            if (error != Http2Error.None)
            {
                return error;
            }
        }

        return Http2Error.None;
    }

    private Http2Error Set(SettingKind kind, uint value)
    {
        switch (kind)
        {
            case SettingKind.HeaderTableSize:
                HeaderTableSize = value;
                return Http2Error.None;
            case SettingKind.MaxConcurrentStreams:
                MaxConcurrentStreams = value;
                return Http2Error.None;
            case SettingKind.InitialWindowSize:
                InitialWindow = (int)Math.Min(value, int.MaxValue);
                return value > int.MaxValue ? Http2Error.FlowControl : Http2Error.None;
            case SettingKind.MaxFrameSize:
                return value is < MinFrame or > MaxFrame ? Http2Error.Protocol : Http2Error.None;
            case SettingKind.EnablePush or SettingKind.EnableConnectProtocol:
                return value > 1 ? Http2Error.Protocol : Http2Error.None;
            default:
                return Http2Error.None;
        }
    }
}

/// <summary>Kinds of settings; others mean nothing (RFC 9113 §6.5.2, RFC 8441 §3).</summary>
internal enum SettingKind : ushort
{
    /// <summary>SETTINGS_HEADER_TABLE_SIZE.</summary>
    HeaderTableSize = 1,

    /// <summary>SETTINGS_ENABLE_PUSH.</summary>
    EnablePush = 2,

    /// <summary>SETTINGS_MAX_CONCURRENT_STREAMS.</summary>
    MaxConcurrentStreams = 3,

    /// <summary>SETTINGS_INITIAL_WINDOW_SIZE.</summary>
    InitialWindowSize = 4,

    /// <summary>SETTINGS_MAX_FRAME_SIZE.</summary>
    MaxFrameSize = 5,

    /// <summary>SETTINGS_MAX_HEADER_LIST_SIZE.</summary>
    MaxHeaderListSize = 6,

    /// <summary>SETTINGS_ENABLE_CONNECT_PROTOCOL.</summary>
    EnableConnectProtocol = 8,
}
