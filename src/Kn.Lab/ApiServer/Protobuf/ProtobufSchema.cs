using System.Collections.Frozen;
using System.Globalization;

namespace Kn.Lab.ApiServer.Protobuf;

/// <summary>Field numbers of the kinds that kubectl's create commands send as protobuf.</summary>
/// <remarks>k8s.io/api */v1/generated.proto and meta/v1/generated.proto. A line is a message; a field is number, name, type; a
/// trailing * marks a list, a capital letter a message, no type a string. Fields that no such command sets are left out and read as absent.</remarks>
internal static class ProtobufSchema
{
    private const string Text = """
        ObjectMeta 1 name|2 generateName|3 namespace|5 uid|6 resourceVersion|7 generation int|8 creationTimestamp time|11 labels map|12 annotations map|13 ownerReferences OwnerReference*|14 finalizers string*
        OwnerReference 1 kind|3 name|4 uid|5 apiVersion|6 controller bool|7 blockOwnerDeletion bool
        LabelSelector 1 matchLabels map|2 matchExpressions LabelSelectorRequirement*
        LabelSelectorRequirement 1 key|2 operator|3 values string*
        ObjectReference 1 kind|2 namespace|3 name|4 uid|5 apiVersion|6 resourceVersion|7 fieldPath
        LocalObjectReference 1 name
        Namespace 1 metadata ObjectMeta|2 spec NamespaceSpec
        NamespaceSpec 1 finalizers string*
        ConfigMap 1 metadata ObjectMeta|2 data map|3 binaryData bytesmap|4 immutable bool
        Secret 1 metadata ObjectMeta|2 data bytesmap|3 type|4 stringData map|5 immutable bool
        ServiceAccount 1 metadata ObjectMeta|2 secrets ObjectReference*|3 imagePullSecrets LocalObjectReference*
        Service 1 metadata ObjectMeta|2 spec ServiceSpec
        ServiceSpec 1 ports ServicePort*|2 selector map|3 clusterIP|4 type|5 externalIPs string*|7 sessionAffinity|8 loadBalancerIP|9 loadBalancerSourceRanges string*|10 externalName|11 externalTrafficPolicy|12 healthCheckNodePort int|13 publishNotReadyAddresses bool|17 ipFamilyPolicy|18 clusterIPs string*|19 ipFamilies string*|21 loadBalancerClass|22 internalTrafficPolicy|23 trafficDistribution
        ServicePort 1 name|2 protocol|3 port int|4 targetPort intstr|5 nodePort int|6 appProtocol
        Deployment 1 metadata ObjectMeta|2 spec DeploymentSpec
        DeploymentSpec 1 replicas int0|2 selector LabelSelector|3 template PodTemplateSpec|4 strategy DeploymentStrategy|5 minReadySeconds int|6 revisionHistoryLimit int|7 paused bool|9 progressDeadlineSeconds int
        DeploymentStrategy 1 type|2 rollingUpdate RollingUpdateDeployment
        RollingUpdateDeployment 1 maxUnavailable intstr|2 maxSurge intstr
        PodTemplateSpec 1 metadata ObjectMeta|2 spec PodSpec
        Pod 1 metadata ObjectMeta|2 spec PodSpec
        PodSpec 2 containers Container*|3 restartPolicy|4 terminationGracePeriodSeconds int0|6 dnsPolicy|7 nodeSelector map|8 serviceAccountName|9 serviceAccount|10 nodeName|11 hostNetwork bool|15 imagePullSecrets LocalObjectReference*|16 hostname|17 subdomain|19 schedulerName|20 initContainers Container*
        Container 1 name|2 image|3 command string*|4 args string*|5 workingDir|6 ports ContainerPort*|7 env EnvVar*|14 imagePullPolicy
        ContainerPort 1 name|2 hostPort int|3 containerPort int|4 protocol|5 hostIP
        EnvVar 1 name|2 value
        Ingress 1 metadata ObjectMeta|2 spec IngressSpec
        IngressSpec 1 defaultBackend IngressBackend|2 tls IngressTLS*|3 rules IngressRule*|4 ingressClassName
        IngressBackend 4 service IngressServiceBackend
        IngressServiceBackend 1 name|2 port ServiceBackendPort
        ServiceBackendPort 1 name|2 number int
        IngressTLS 1 hosts string*|2 secretName
        IngressRule 1 host|2 - inline:IngressRuleValue
        IngressRuleValue 1 http HTTPIngressRuleValue
        HTTPIngressRuleValue 1 paths HTTPIngressPath*
        HTTPIngressPath 1 path|2 backend IngressBackend|3 pathType
        PolicyRule 1 verbs string*|2 apiGroups string*|3 resources string*|4 resourceNames string*|5 nonResourceURLs string*
        Role 1 metadata ObjectMeta|2 rules PolicyRule*
        ClusterRole 1 metadata ObjectMeta|2 rules PolicyRule*
        RoleBinding 1 metadata ObjectMeta|2 subjects Subject*|3 roleRef RoleRef
        ClusterRoleBinding 1 metadata ObjectMeta|2 subjects Subject*|3 roleRef RoleRef
        Subject 1 kind|2 apiGroup|3 name|4 namespace
        RoleRef 1 apiGroup|2 kind|3 name
        PodDisruptionBudget 1 metadata ObjectMeta|2 spec PodDisruptionBudgetSpec
        PodDisruptionBudgetSpec 1 minAvailable intstr|2 selector LabelSelector|3 maxUnavailable intstr
        Scale 1 metadata ObjectMeta|2 spec ScaleSpec
        ScaleSpec 1 replicas int0
        Eviction 1 metadata ObjectMeta|2 deleteOptions DeleteOptions
        DeleteOptions 1 gracePeriodSeconds int0|2 preconditions Preconditions|3 orphanDependents bool|4 propagationPolicy|5 dryRun string*
        Preconditions 1 uid|2 resourceVersion
        Binding 1 metadata ObjectMeta|2 target ObjectReference
        SelfSubjectAccessReview 1 metadata ObjectMeta|2 spec SelfSubjectAccessReviewSpec
        SelfSubjectAccessReviewSpec 1 resourceAttributes ResourceAttributes|2 nonResourceAttributes NonResourceAttributes
        ResourceAttributes 1 namespace|2 verb|3 group|4 version|5 resource|6 subresource|7 name
        NonResourceAttributes 1 path|2 verb
        SelfSubjectRulesReview 1 metadata ObjectMeta
        SelfSubjectReview 1 metadata ObjectMeta
        """;

    private static readonly FrozenDictionary<string, FrozenDictionary<int, ProtobufField>> Messages = Parse();

    /// <summary>The fields of a kind, or null when the lab does not know them.</summary>
    public static IReadOnlyDictionary<int, ProtobufField>? Find(string message) => Messages.GetValueOrDefault(message);

    /// <summary>The fields of a message that the table names.</summary>
    public static IReadOnlyDictionary<int, ProtobufField> Get(string message) => Messages[message];

    /// <summary>All messages, for the test that the table is whole.</summary>
    public static IEnumerable<KeyValuePair<string, FrozenDictionary<int, ProtobufField>>> All => Messages;

    private static FrozenDictionary<string, FrozenDictionary<int, ProtobufField>> Parse() => Text
        .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(static line => line.Split(' ', 2))
        .ToFrozenDictionary(static parts => parts[0], static parts => ParseFields(parts[1]), StringComparer.Ordinal);

    private static FrozenDictionary<int, ProtobufField> ParseFields(string fields) => fields.Split('|')
        .Select(static field => field.Split(' '))
        .ToFrozenDictionary(static words => int.Parse(words[0], CultureInfo.InvariantCulture), static words => ParseField(words[1], words.Length > 2 ? words[2] : "string"));

    private static ProtobufField ParseField(string name, string type)
    {
        var repeated = type.EndsWith('*');
        type = type.TrimEnd('*');
        if (type.StartsWith("inline:", StringComparison.Ordinal))
        {
            return new ProtobufField(name, "inline", type["inline:".Length..], Repeated: false);
        }

        return char.IsAsciiLetterUpper(type[0]) ? new ProtobufField(name, "message", type, repeated) : new ProtobufField(name, type, null, repeated);
    }
}
