namespace Kn.Hosting.Control;

/// <summary>What both ends of the control socket agree on.</summary>
public static class ControlProtocol
{
    /// <summary>Longest request and answer: a status of ten thousand Services fits many times.</summary>
    public const int LargestBytes = 16 << 20;

    /// <summary>Version of the frames' layout (<see cref="ControlFrame"/>).</summary>
    public const byte Version = 1;

    /// <summary>Bytes of a request's length, which come before it.</summary>
    public const int PrefixBytes = 4;

    /// <summary>Bytes before the body of an answer: exit code and length.</summary>
    public const int AnswerHeaderBytes = 8;

    /// <summary>Longest silence that an asker bears, in seconds; the agent's own limit for a call is two minutes.</summary>
    public const int PatienceSeconds = 180;

    /// <summary>Exit code of an answer: nobody handles the verb, because there is no such verb, or because its module did not start in time.</summary>
    public const int NoHandler = -1;

    /// <summary>Exit code of an answer: the handler failed in a way that it did not foresee; the body is the message.</summary>
    public const int HandlerFailed = -2;

    /// <summary>In place of an exit code: this is a piece of an answer, and more follows.</summary>
    public const int Piece = -4;

    /// <summary>Exit code of an answer: the verb's module is switched off, and what it had left on the node is removed.</summary>
    public const int ModuleOff = -3;
}
