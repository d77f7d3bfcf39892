namespace Kn.Kubernetes.Json;

/// <summary>metadata of a list (meta/v1 ListMeta).</summary>
/// <param name="ResourceVersion">Where a watch continues.</param>
/// <param name="Continue">Token of the next page; empty on the last.</param>
internal readonly record struct ListPage(string ResourceVersion, string Continue);
