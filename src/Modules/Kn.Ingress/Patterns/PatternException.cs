namespace Kn.Ingress.Patterns;

/// <summary>A text that is no pattern, or one that Kn cannot match in linear time.</summary>
internal sealed class PatternException(string message) : Exception(message);
