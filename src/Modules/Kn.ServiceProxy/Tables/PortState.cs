using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>A Service port as it stands in the kernel.</summary>
internal sealed record PortState(ProxyKey Key, FamilyState? V4, FamilyState? V6)
{
    /// <summary>The families that the port has.</summary>
    public IEnumerable<FamilyState> Families
    {
        get
        {
            if (V4 is not null)
            {
                yield return V4;
            }

            if (V6 is not null)
            {
                yield return V6;
            }
        }
    }

    /// <summary>The part of a family.</summary>
    public FamilyState? Of(IpFamily family) => family == IpFamily.V4 ? V4 : V6;

    /// <summary>The VIPs of both families.</summary>
    public IEnumerable<Vip> ToVips() => Families.SelectMany(static family => family.Vips).Select(static vip => vip.Vip);

    /// <summary>The state in the plan's terms.</summary>
    public ServicePortPiece ToPiece() => new(V4?.ToPiece(), V6?.ToPiece());
}

/// <summary>A Service port in one family, as it stands in the kernel.</summary>
internal sealed record FamilyState(ValueList<VipPiece> Vips, ServiceList? Cluster, ServiceList? Local, ValueList<IpAddress> OnNode)
{
    /// <summary>True unless a VIP leads to a list that is not there.</summary>
    public bool HasItsLists =>
        (Cluster is not null || !Vips.Any(FamilyPlan.LeadsToCluster)) && (Local is not null || !Vips.Any(FamilyPlan.LeadsToLocal));

    /// <summary>The lists that there are.</summary>
    public IEnumerable<ServiceList> Lists
    {
        get
        {
            if (Cluster is not null)
            {
                yield return Cluster;
            }

            if (Local is not null)
            {
                yield return Local;
            }
        }
    }

    /// <summary>The state in the plan's terms.</summary>
    public FamilyPiece ToPiece() => new() { Vips = Vips, Cluster = Cluster?.ToPiece(), Local = Local?.ToPiece(), OnNode = OnNode };
}
