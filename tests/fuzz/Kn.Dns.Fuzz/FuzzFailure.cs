namespace Kn.Dns.Fuzz;

/// <summary>A message broke a rule, or made the code throw.</summary>
internal sealed class FuzzFailure(byte[] input, string rule, Exception? inner = null)
    : Exception($"{rule}\ninput: {Convert.ToHexString(input)}", inner)
{
    /// <summary>The message.</summary>
    public byte[] Input { get; } = input;
}
