namespace Kn.Dns.Serving;

/// <summary>Makes the way back to a client whose answer comes later; asked only when there is need for one.</summary>
internal interface IReplySource
{
    /// <summary>The way back to the client of a query that is being handled.</summary>
    /// <param name="slot">Which one, in the caller's terms.</param>
    IReplyTo ReplyTo(int slot);
}
