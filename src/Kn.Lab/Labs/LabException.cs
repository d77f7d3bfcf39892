namespace Kn.Lab;

/// <summary>A lab cannot do what it was asked; the message is for the user.</summary>
internal sealed class LabException(string message, Exception? inner = null) : Exception(message, inner);
