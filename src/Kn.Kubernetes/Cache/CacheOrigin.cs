namespace Kn.Kubernetes.Cache;

/// <summary>Where what the cache holds of a kind comes from. The order is that of trust.</summary>
public enum CacheOrigin
{
    /// <summary>Nothing was read yet.</summary>
    None,

    /// <summary>The file of the last run; the API server was away at the start.</summary>
    Snapshot,

    /// <summary>The API server: a complete list, and since then its events.</summary>
    Api,
}
