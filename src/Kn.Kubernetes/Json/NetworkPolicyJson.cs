using System.Text.Json;
using Kn.Kubernetes.Objects;
using Kn.Primitives;

namespace Kn.Kubernetes.Json;

/// <summary>networking.k8s.io/v1 NetworkPolicy.</summary>
/// <remarks>What a newer API may add to rules is read so that it never allows more than was meant: a peer without a known field, a
/// protocol or selector operator without a known name match nothing.</remarks>
internal static class NetworkPolicyJson
{
    public static NetworkPolicy Read(ref ObjectReader reader)
    {
        var metadata = new ObjectMeta();
        var draft = new Draft();
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("metadata"u8))
            {
                metadata = MetadataJson.Read(ref reader);
            }
            else if (reader.Is("spec"u8))
            {
                ReadSpec(ref reader, draft);
            }
        }

        return new NetworkPolicy
        {
            Metadata = metadata,
            PodSelector = draft.PodSelector ?? LabelSelector.Everything,
            IsolatesIngress = draft.Types.IsEmpty || draft.Types.Contains("Ingress"),
            IsolatesEgress = draft.Types.IsEmpty ? !draft.Egress.IsEmpty : draft.Types.Contains("Egress"),
            Ingress = draft.Ingress,
            Egress = draft.Egress,
        };
    }

    public static void Write(Utf8JsonWriter writer, NetworkPolicy policy)
    {
        writer.WriteStartObject("spec"u8);
        LabelSelectorJson.Write(writer, "podSelector"u8, policy.PodSelector);
        writer.WriteStartArray("policyTypes"u8);
        if (policy.IsolatesIngress)
        {
            writer.WriteStringValue("Ingress"u8);
        }

        if (policy.IsolatesEgress)
        {
            writer.WriteStringValue("Egress"u8);
        }

        if (!policy.IsolatesIngress && !policy.IsolatesEgress)
        {
            // An empty list would be read as an absent one.
            writer.WriteStringValue("None"u8);
        }

        writer.WriteEndArray();
        NetworkPolicyRuleJson.Write(writer, "ingress"u8, "from"u8, policy.Ingress);
        NetworkPolicyRuleJson.Write(writer, "egress"u8, "to"u8, policy.Egress);
        writer.WriteEndObject();
    }

    private static void ReadSpec(ref ObjectReader reader, Draft draft)
    {
        reader.BeginObject();
        while (reader.NextProperty())
        {
            if (reader.Is("podSelector"u8))
            {
                draft.PodSelector = LabelSelectorJson.Read(ref reader);
            }
            else if (reader.Is("policyTypes"u8))
            {
                draft.Types = SharedJson.List(ref reader, static (ref ObjectReader item) => item.Name() ?? "");
            }
            else if (reader.Is("ingress"u8))
            {
                draft.Ingress = SharedJson.List(ref reader, NetworkPolicyRuleJson.Read);
            }
            else if (reader.Is("egress"u8))
            {
                draft.Egress = SharedJson.List(ref reader, NetworkPolicyRuleJson.Read);
            }
        }
    }

    private sealed class Draft
    {
        public LabelSelector? PodSelector;
        public ValueList<string> Types;
        public ValueList<NetworkPolicyRule> Ingress;
        public ValueList<NetworkPolicyRule> Egress;
    }
}
