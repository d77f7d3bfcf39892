namespace Kn.Kubernetes.Json;

/// <summary>What to do with the JSON of one element of a list.</summary>
internal delegate void ItemHandler(ReadOnlySpan<byte> json);
