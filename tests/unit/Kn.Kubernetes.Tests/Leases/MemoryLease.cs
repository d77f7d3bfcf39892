using System.Globalization;
using Kn.Kubernetes.Api;
using Kn.Kubernetes.Leases;
using Kn.Kubernetes.Objects;

namespace Kn.Kubernetes.Tests.Leases;

/// <summary>A Lease in memory with the API server's optimistic locking, whose clients can be cut off one by one.</summary>
internal sealed class MemoryLease
{
    private readonly Lock _gate = new();
    private int _version;

    public Lease? Stored { get; set; }

    public int Reads { get; private set; }

    public int Writes { get; private set; }

    public HashSet<string> CutOff { get; } = [];

    public ILeaseStore For(string who) => new Client(this, who);

    private Lease? Read(string who)
    {
        lock (_gate)
        {
            Refuse(who);
            Reads++;
            return Stored;
        }
    }

    private Lease Write(string who, Lease lease, bool isNew)
    {
        lock (_gate)
        {
            Refuse(who);
            Writes++;
            if (isNew ? Stored is not null : Stored?.Metadata.ResourceVersion != lease.Metadata.ResourceVersion)
            {
                throw new ApiException(409, isNew ? "AlreadyExists" : "Conflict", "somebody was faster");
            }

            _version++;
            Stored = lease with { Metadata = new ObjectMeta { Namespace = "kube-system", Name = "kn", ResourceVersion = _version.ToString(CultureInfo.InvariantCulture) } };
            return Stored;
        }
    }

    private void Refuse(string who)
    {
        if (CutOff.Contains(who))
        {
            throw new ApiException(0, ApiException.Unreachable, "cut off");
        }
    }

    private sealed class Client(MemoryLease lease, string who) : ILeaseStore
    {
        public async Task<Lease?> ReadAsync(CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            return lease.Read(who);
        }

        public async Task<Lease> CreateAsync(Lease item, CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            return lease.Write(who, item, isNew: true);
        }

        public async Task<Lease> ReplaceAsync(Lease item, CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            return lease.Write(who, item, isNew: false);
        }
    }
}
