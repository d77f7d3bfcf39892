namespace Kn.Kubernetes.Json;

/// <summary>Reads one element of an array, or one value.</summary>
internal delegate T ReadItem<T>(ref ObjectReader reader);
