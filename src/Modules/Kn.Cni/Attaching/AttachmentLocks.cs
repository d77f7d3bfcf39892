using Kn.Cni.Protocol;

namespace Kn.Cni.Attaching;

/// <summary>Lets one call at a time work on an attachment: a runtime that gave up on an ADD sends DEL while the ADD still runs.</summary>
internal sealed class AttachmentLocks
{
    private readonly Dictionary<AttachmentKey, Turn> _turns = [];

    /// <summary>Waits for the turn; disposing what is returned ends it.</summary>
    public async Task<IDisposable> EnterAsync(AttachmentKey key, CancellationToken cancellationToken)
    {
        Turn? turn;
        lock (_turns)
        {
            if (!_turns.TryGetValue(key, out turn))
            {
                turn = new Turn(this, key);
                _turns.Add(key, turn);
            }

            turn.Users++;
        }

        try
        {
            await turn.Free.WaitAsync(cancellationToken);
            return turn;
        }
        catch
        {
            Leave(turn);
            throw;
        }
    }

    private void Leave(Turn turn)
    {
        lock (_turns)
        {
            if (--turn.Users == 0)
            {
                _turns.Remove(turn.Key);
                turn.Free.Dispose();
            }
        }
    }

    private sealed class Turn(AttachmentLocks owner, AttachmentKey key) : IDisposable
    {
        public AttachmentKey Key => key;

        public SemaphoreSlim Free { get; } = new(1, 1);

        public int Users { get; set; }

        public void Dispose()
        {
            Free.Release();
            owner.Leave(this);
        }
    }
}
