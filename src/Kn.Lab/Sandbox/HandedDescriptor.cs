namespace Kn.Lab.Sandbox;

/// <summary>An open file of another process, and the name by which the program knows it.</summary>
/// <param name="Process">Who has it.</param>
/// <param name="Number">Its number there.</param>
/// <param name="Name">For LISTEN_FDNAMES; without colons and slashes.</param>
internal readonly record struct HandedDescriptor(int Process, int Number, string Name)
{
    /// <summary>PROCESS/NUMBER/NAME.</summary>
    public override string ToString() => $"{Process}/{Number}/{Name}";

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static HandedDescriptor Parse(string text) => text.Split('/') is [var process, var number, { Length: > 0 } name]
        ? new HandedDescriptor(int.Parse(process), int.Parse(number), name)
        : throw new FormatException($"'{text}' is not PROCESS/NUMBER/NAME");
}
