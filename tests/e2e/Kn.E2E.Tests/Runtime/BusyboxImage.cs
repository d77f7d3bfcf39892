using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Kn.E2E.Tests.Runtime;

/// <summary>An OCI image made on the spot: Debian's static busybox and one page.</summary>
/// <remarks>OCI image layout and image manifest specification, 1.0.</remarks>
internal static class BusyboxImage
{
    /// <summary>The name to run it by.</summary>
    public const string Name = "kn.internal/busybox:e2e";

    /// <summary>Writes the image as a tar that <c>ctr images import</c> takes.</summary>
    public static void Write(string path)
    {
        var layer = Layer();
        var config = Json(new JsonObject
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["config"] = new JsonObject(),
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray(Digest(layer)) },
        });
        var manifest = Json(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = "application/vnd.oci.image.manifest.v1+json",
            ["config"] = Descriptor("application/vnd.oci.image.config.v1+json", config),
            ["layers"] = new JsonArray(Descriptor("application/vnd.oci.image.layer.v1.tar", layer)),
        });
        var entry = Descriptor("application/vnd.oci.image.manifest.v1+json", manifest);
        entry["annotations"] = new JsonObject { ["io.containerd.image.name"] = Name, ["org.opencontainers.image.ref.name"] = "e2e" };
        using var tar = new TarWriter(File.Create(path), TarEntryFormat.Ustar);
        Add(tar, "oci-layout", Encoding.UTF8.GetBytes("""{"imageLayoutVersion":"1.0.0"}"""));
        Add(tar, "index.json", Json(new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(entry) }));
        foreach (var blob in (byte[][])[layer, config, manifest])
        {
            Add(tar, "blobs/sha256/" + Digest(blob)["sha256:".Length..], blob);
        }
    }

    private static byte[] Layer()
    {
        var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var folder in (string[])["bin/", "etc/", "proc/", "sys/", "dev/", "tmp/", "www/"])
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.Directory, folder) { Mode = (UnixFileMode)0x1ED });
            }

            Add(tar, "bin/busybox", File.ReadAllBytes("/bin/busybox"));
            Add(tar, "www/index.html", "hello from busybox\n"u8.ToArray());
        }

        return stream.ToArray();
    }

    private static void Add(TarWriter tar, string name, byte[] content) =>
        tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { Mode = (UnixFileMode)0x1ED, DataStream = new MemoryStream(content) });

    private static JsonObject Descriptor(string type, byte[] blob) => new() { ["mediaType"] = type, ["digest"] = Digest(blob), ["size"] = blob.Length };

    private static string Digest(byte[] blob) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(blob));

    private static byte[] Json(JsonObject tree) => Encoding.UTF8.GetBytes(tree.ToJsonString());
}
