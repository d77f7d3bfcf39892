namespace Kn.Kubernetes.Json;

/// <summary>What a watch event says; meta/v1 WatchEvent.</summary>
internal enum WatchFrameType
{
    /// <summary>A word that is none of the following.</summary>
    Unknown,

    /// <summary>An object that the selector now matches.</summary>
    Added,

    /// <summary>A new state of an object.</summary>
    Modified,

    /// <summary>An object is gone, or the selector no longer matches it.</summary>
    Deleted,

    /// <summary>No object; everything up to this resourceVersion was sent.</summary>
    Bookmark,

    /// <summary>The watch cannot continue; the object is a Status.</summary>
    Error,
}
