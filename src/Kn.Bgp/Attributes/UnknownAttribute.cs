using Kn.Primitives;

namespace Kn.Bgp.Attributes;

/// <summary>An optional transitive attribute that Kn does not know and passes on, marked as partial (RFC 4271 §5).</summary>
/// <param name="Type">Its type code.</param>
/// <param name="Value">What is in it.</param>
public readonly record struct UnknownAttribute(byte Type, ValueList<byte> Value);
