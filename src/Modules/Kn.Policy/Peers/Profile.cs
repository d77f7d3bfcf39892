namespace Kn.Policy.Peers;

/// <summary>A port set with a number, which stands for it in the table. There is one object for equal sets.</summary>
internal sealed class Profile(uint number, PortSet ports)
{
    /// <summary>The number of "nothing".</summary>
    public const uint NoNumber = 0;

    /// <summary>The number of "everything": also what a check leaves to say yes.</summary>
    public const uint YesNumber = 1;

    /// <summary>The lowest number of any other set.</summary>
    public const uint FirstNumber = 2;

    /// <summary>The number.</summary>
    public uint Number { get; } = number;

    /// <summary>The set.</summary>
    public PortSet Ports { get; } = ports;

    /// <summary>How many entries of classes lead to it.</summary>
    public int Uses { get; set; }

    /// <summary>Whether its ports are in the table.</summary>
    public bool IsInTable { get; set; }
}
