namespace Kn.Testing;

/// <summary>Tests that run when no other of their process does.</summary>
internal static class Alone
{
    public const string Group = "alone";
}
