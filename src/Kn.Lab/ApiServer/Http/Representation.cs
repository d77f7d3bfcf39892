namespace Kn.Lab.ApiServer.Http;

/// <summary>How the client wants objects: as they are, as a Table, or their metadata only.</summary>
internal enum Representation
{
    /// <summary>Whole objects.</summary>
    Objects,

    /// <summary>meta.k8s.io/v1 Table.</summary>
    Table,

    /// <summary>meta.k8s.io/v1 PartialObjectMetadata(List).</summary>
    Metadata,
}
