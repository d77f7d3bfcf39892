using Kn.Cni;
using Kn.Dns;
using Kn.Hosting.Modules;
using Kn.Ingress;
using Kn.LoadBalancer;
using Kn.Policy;
using Kn.Routes;
using Kn.ServiceProxy;

namespace Kn;

/// <summary>The modules, in start order; they stop in reverse. A module is one line here and one folder under src/Modules.</summary>
/// <remarks>Cni comes last: a node says that it can take pods when what pods need is on its way.</remarks>
internal static class ModuleList
{
    /// <summary>Every module that this binary has.</summary>
    internal static IReadOnlyList<ModuleEntry> All { get; } =
    [
        ModuleEntry.Of("routes", enabledByDefault: true, RoutesJson.Default.RoutesOptions, static options => new RoutesModule(options)),
        ModuleEntry.Of("serviceProxy", enabledByDefault: true, ServiceProxyJson.Default.ServiceProxyOptions, static options => new ServiceProxyModule(options)),
        ModuleEntry.Of("dns", enabledByDefault: true, DnsJson.Default.DnsOptions, static options => new DnsModule(options)),
        ModuleEntry.Of("policy", enabledByDefault: true, PolicyJson.Default.PolicyOptions, static options => new PolicyModule(options)),
        ModuleEntry.Of("ingress", enabledByDefault: false, IngressJson.Default.IngressOptions, static options => new IngressModule(options)),
        ModuleEntry.Of("loadBalancer", enabledByDefault: false, LoadBalancerJson.Default.LoadBalancerOptions, static options => new LoadBalancerModule(options)),
        ModuleEntry.Of("cni", enabledByDefault: true, CniJson.Default.CniOptions, static options => new CniModule(options)),
    ];
}
