using Kn.Ingress.Http;
using Kn.Ingress.Http2.Frames;
using Kn.Ingress.Proxying;

namespace Kn.Ingress.Http2;

/// <summary>What all connections of a thread that speak HTTP/2 use in turns; there when the first one is.</summary>
internal sealed class Http2Workspace
{
    /// <summary>Where frames are received: what was left of one before, and more.</summary>
    public byte[] Frames { get; } = GC.AllocateUninitializedArray<byte>(FrameHeader.Size + FrameHeader.MaxLength + (64 << 10), pinned: true);

    /// <summary>Where header blocks are written: of a head that is as long as any, with what each field takes beside its octets.</summary>
    public byte[] Block { get; } = GC.AllocateUninitializedArray<byte>(ClientConnection.MaxAnswerHead + (16 << 10));

    /// <summary>Reads requests' heads that go out by HTTP/2.</summary>
    public RequestHead Request { get; } = new();

    /// <summary>Reads answers' heads that go out by HTTP/2.</summary>
    public ResponseHead Answer { get; } = new();

    /// <summary>Reads trailers that go out by HTTP/2.</summary>
    public HeadFields Trailers { get; } = new();
}
