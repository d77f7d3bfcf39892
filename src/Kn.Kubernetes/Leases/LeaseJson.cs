using System.Globalization;
using System.Text.Json;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Json;

namespace Kn.Kubernetes.Leases;

/// <summary>coordination.k8s.io/v1 Lease.</summary>
internal static class LeaseJson
{
    /// <summary>Not among <see cref="ResourceKinds.All"/>: no cache holds it.</summary>
    public static ResourceKind<Lease> Kind { get; } =
        new(-1, ("coordination.k8s.io", "v1", "leases", "Lease", true), static _ => throw new NotSupportedException("Leases are not cached"), Read, Write);

    private static Lease Read(ref ObjectReader reader)
    {
        var lease = new Lease();
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("metadata"u8))
            {
                lease = lease with { Metadata = MetadataJson.Read(ref reader) };
            }
            else if (reader.Is("spec"u8))
            {
                lease = ReadSpec(ref reader, lease);
            }
        }

        return lease;
    }

    private static Lease ReadSpec(ref ObjectReader reader, Lease lease)
    {
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("holderIdentity"u8))
            {
                lease = lease with { Holder = reader.Text() ?? "" };
            }
            else if (reader.Is("leaseDurationSeconds"u8))
            {
                lease = lease with { DurationSeconds = reader.Int32() ?? 0 };
            }
            else if (reader.Is("acquireTime"u8))
            {
                lease = lease with { AcquireTime = reader.Timestamp() };
            }
            else if (reader.Is("renewTime"u8))
            {
                lease = lease with { RenewTime = reader.Timestamp() };
            }
            else if (reader.Is("leaseTransitions"u8))
            {
                lease = lease with { Transitions = reader.Int32() ?? 0 };
            }
        }

        return lease;
    }

    private static void Write(Utf8JsonWriter writer, Lease lease)
    {
        writer.WriteStartObject("spec"u8);
        writer.WriteString("holderIdentity"u8, lease.Holder);
        writer.WriteNumber("leaseDurationSeconds"u8, lease.DurationSeconds);
        WriteTime(writer, "acquireTime"u8, lease.AcquireTime);
        WriteTime(writer, "renewTime"u8, lease.RenewTime);
        writer.WriteNumber("leaseTransitions"u8, lease.Transitions);
        writer.WriteEndObject();
    }

    /// <summary>meta/v1 MicroTime: the server refuses all but six digits behind the second (RFC3339Micro).</summary>
    private static void WriteTime(Utf8JsonWriter writer, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } value)
        {
            writer.WriteString(name, value.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture));
        }
    }
}
