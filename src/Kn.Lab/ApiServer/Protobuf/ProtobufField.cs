namespace Kn.Lab.ApiServer.Protobuf;

/// <summary>One field of a message.</summary>
/// <param name="Name">As JSON spells it.</param>
/// <param name="Type">int, int0 (zero counts), bool, string, bytes, time, intstr, map, bytesmap, inline or message.</param>
/// <param name="Message">For messages: which.</param>
/// <param name="Repeated">A list.</param>
internal sealed record ProtobufField(string Name, string Type, string? Message, bool Repeated);
