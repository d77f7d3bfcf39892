using Kn.Lab.ApiServer;
using Kn.Lab.ApiServer.Protobuf;

namespace Kn.Lab.Tests.ApiServer;

public class ProtobufTests
{
    // Namespace "foo": the envelope, TypeMeta v1 Namespace, and an ObjectMeta with field 1.
    private static readonly byte[] Namespace =
        [.. "k8s\0"u8, 0x0A, 15, 0x0A, 2, .. "v1"u8, 0x12, 9, .. "Namespace"u8, 0x12, 7, 0x0A, 5, 0x0A, 3, .. "foo"u8];

    [Fact]
    public void Namespace_ReadsAsItsJson() => Json.Same("{apiVersion: v1, kind: Namespace, metadata: {name: foo}}", ProtobufReader.Read(Namespace));

    [Fact]
    public void Truncated_IsRefusedAtEveryLength()
    {
        for (var length = 0; length < Namespace.Length; length++)
        {
            try
            {
                ProtobufReader.Read(Namespace.AsSpan(0, length));
            }
            catch (StatusException refusal)
            {
                Assert.True(refusal.Code is 400 or 415, refusal.Message);
            }
        }
    }

    [Fact]
    public void Schema_NamesOnlyMessagesThatItHas()
    {
        foreach (var (message, fields) in ProtobufSchema.All)
        {
            Assert.All(fields.Values.Where(field => field.Message is not null), field => Assert.True(ProtobufSchema.Find(field.Message!) is not null, $"{message}.{field.Name}"));
        }
    }
}
