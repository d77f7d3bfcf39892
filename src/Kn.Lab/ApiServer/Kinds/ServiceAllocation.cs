using System.Text.Json.Nodes;
using Kn.Lab.Api;
using Kn.Lab.ApiServer.Allocation;
using Kn.Primitives;

namespace Kn.Lab.ApiServer.Kinds;

/// <summary>Hands out ClusterIPs, families and node ports, and takes them back. Used under the store's gate.</summary>
/// <remarks>https://kubernetes.io/docs/concepts/services-networking/dual-stack/; k8s.io/kubernetes pkg/registry/core/service/storage/alloc.go.
/// Allocation looks for what is free; only <see cref="Committed"/> takes it, so a dry run or a refused write leaves nothing behind.</remarks>
internal sealed class ServiceAllocation
{
    private const string Headless = "None";
    private readonly List<AddressAllocator> _addresses;
    private readonly PortAllocator _ports;

    public ServiceAllocation(IEnumerable<IpPrefix> prefixes, Random random)
    {
        _addresses = [.. prefixes.Select(prefix => new AddressAllocator(prefix, random))];
        _ports = new PortAllocator(random);
    }

    private IpFamily Primary => _addresses[0].Prefix.Family;

    public void Allocate(JsonObject service, JsonObject? old, FieldErrors errors)
    {
        var spec = service.Ensure("spec");
        var before = old.Map("spec");
        if (spec.Text("type") == "ExternalName")
        {
            DropClusterFields(spec, before);
            return;
        }

        if (before is not null && before.Text("type") != "ExternalName")
        {
            KeepAllocated(spec, before);
            FollowChangedField(spec, before);
        }

        Normalize(spec, errors);
        if (ChooseFamilies(spec, errors) is not { } families)
        {
            return;
        }

        AllocateAddresses(spec, families, before, errors);
        AllocateNodePorts(spec, before, errors);
        AllocateHealthCheckPort(spec, before, errors);
    }

    public void Committed(JsonObject? old, JsonObject? current)
    {
        foreach (var address in Addresses(old.Map("spec")))
        {
            AllocatorOf(address)?.Free(address);
        }

        foreach (var port in NodePorts(old.Map("spec")))
        {
            _ports.Free(port);
        }

        foreach (var address in Addresses(current.Map("spec")))
        {
            AllocatorOf(address)?.Take(address);
        }

        foreach (var port in NodePorts(current.Map("spec")))
        {
            _ports.Take(port);
        }
    }

    private static IEnumerable<IpAddress> Addresses(JsonObject? spec) =>
        spec.Texts("clusterIPs").Where(static text => IpAddress.TryParse(text, out _)).Select(static text => IpAddress.Parse(text));

    private static IEnumerable<int> NodePorts(JsonObject? spec) =>
        spec.Maps("ports").Select(static port => (int)(port.Number("nodePort") ?? 0)).Append((int)(spec.Number("healthCheckNodePort") ?? 0)).Where(static port => port != 0);

    private static string FamilyName(IpFamily family) => family == IpFamily.V6 ? "IPv6" : "IPv4";

    private static bool NeedsNodePorts(JsonObject? spec) =>
        spec.Text("type") == "NodePort" || (spec.Text("type") == "LoadBalancer" && spec.Flag("allocateLoadBalancerNodePorts") != false);

    // A type change that leaves the rest as it was drops what the new type does not have.
    private static void DropClusterFields(JsonObject spec, JsonObject? before)
    {
        foreach (var field in new[] { "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort", "internalTrafficPolicy" })
        {
            if (before is null || JsonNode.DeepEquals(spec[field], before[field]))
            {
                spec.Remove(field);
            }
        }

        foreach (var port in spec.Maps("ports"))
        {
            port.Remove("nodePort");
        }
    }

    private static void KeepAllocated(JsonObject spec, JsonObject before)
    {
        if (string.IsNullOrEmpty(spec.Text("clusterIP")) && spec.List("clusterIPs") is not { Count: > 0 })
        {
            spec["clusterIP"] = before["clusterIP"]?.DeepClone();
            spec["clusterIPs"] = before["clusterIPs"]?.DeepClone();
        }

        spec.Default("ipFamilyPolicy", before["ipFamilyPolicy"]?.DeepClone());
        spec.Default("ipFamilies", before["ipFamilies"]?.DeepClone());
        if (NeedsNodePorts(spec) && NeedsNodePorts(before))
        {
            foreach (var port in spec.Maps("ports").Where(static port => port.Number("nodePort") is null or 0))
            {
                var match = before.Maps("ports").FirstOrDefault(other => other.Number("port") == port.Number("port") && other.Text("protocol") == port.Text("protocol"));
                if (match.Number("nodePort") is { } number)
                {
                    port["nodePort"] = number;
                }
            }
        }
        else if (!NeedsNodePorts(spec))
        {
            var held = NodePorts(before).ToHashSet();
            foreach (var port in spec.Maps("ports").Where(port => held.Contains((int)(port.Number("nodePort") ?? 0))))
            {
                port.Remove("nodePort");
            }
        }

        // Down to one family: the second of each list goes when the user left the lists as they were.
        if (spec.Text("ipFamilyPolicy") == "SingleStack" && before.Text("ipFamilyPolicy") != "SingleStack")
        {
            Trim(spec, before, "ipFamilies");
            Trim(spec, before, "clusterIPs");
        }
    }

    // clusterIP is clusterIPs[0]: who changes one of the two means both.
    private static void FollowChangedField(JsonObject spec, JsonObject before)
    {
        var oneChanged = !JsonNode.DeepEquals(spec["clusterIP"], before["clusterIP"]);
        var allChanged = !JsonNode.DeepEquals(spec["clusterIPs"], before["clusterIPs"]);
        if (oneChanged && !allChanged && spec.Text("clusterIP") is { Length: > 0 } one)
        {
            spec["clusterIPs"] = JsonTree.Array([one]);
        }
        else if (allChanged && !oneChanged && spec.Texts("clusterIPs").FirstOrDefault() is { } first)
        {
            spec["clusterIP"] = first;
        }
    }

    private static void Trim(JsonObject spec, JsonObject before, string field)
    {
        if (spec.List(field) is { Count: 2 } list && JsonNode.DeepEquals(list, before[field]))
        {
            list.RemoveAt(1);
        }
    }

    private static void Normalize(JsonObject spec, FieldErrors errors)
    {
        var one = spec.Text("clusterIP") ?? "";
        var all = spec.Texts("clusterIPs").ToList();
        if (one.Length > 0 && all.Count == 0)
        {
            spec["clusterIPs"] = JsonTree.Array([one]);
        }
        else if (one.Length == 0 && all.Count > 0)
        {
            spec["clusterIP"] = all[0];
        }
        else if (all.Count > 0 && one != all[0])
        {
            errors.Invalid("spec.clusterIPs", spec["clusterIPs"]?.DeepClone(), "first value must match `clusterIP`");
        }

        foreach (var (index, text) in spec.Texts("clusterIPs").Index())
        {
            if (text != Headless && !IpAddress.TryParse(text, out _))
            {
                errors.Invalid($"spec.clusterIPs[{index}]", text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
            }
        }
    }

    private AddressAllocator? AllocatorOf(IpAddress address) => _addresses.Find(allocator => allocator.Prefix.Contains(address));

    private List<string>? ChooseFamilies(JsonObject spec, FieldErrors errors)
    {
        var given = spec.Texts("ipFamilies").ToList();
        var fromAddresses = Addresses(spec).Select(static address => FamilyName(address.Family)).ToList();
        var headlessWithoutSelector = spec.Text("clusterIP") == Headless && spec.Map("selector") is not { Count: > 0 };
        var both = given.Count > 1 || fromAddresses.Count > 1 || (headlessWithoutSelector && given.Count == 0);
        spec.Default("ipFamilyPolicy", both ? "RequireDualStack" : "SingleStack");
        var policy = spec.Text("ipFamilyPolicy");
        if (policy == "SingleStack" && (given.Count > 1 || fromAddresses.Count > 1))
        {
            errors.Invalid("spec.ipFamilyPolicy", policy, "must be RequireDualStack or PreferDualStack when multiple IP families are specified");
            return null;
        }

        var first = fromAddresses.FirstOrDefault() ?? given.FirstOrDefault() ?? FamilyName(Primary);
        if (given.Count > 0 && given[0] != first)
        {
            errors.Invalid("spec.ipFamilies[0]", given[0], "does not match the first of clusterIPs");
            return null;
        }

        return Complete(spec, first, policy, headlessWithoutSelector, errors);
    }

    private List<string>? Complete(JsonObject spec, string first, string? policy, bool anyFamily, FieldErrors errors)
    {
        var available = _addresses.Select(static allocator => FamilyName(allocator.Prefix.Family)).ToList();
        if (!available.Contains(first) && !anyFamily)
        {
            errors.Invalid("spec.ipFamilies[0]", first, "not configured on this cluster");
            return null;
        }

        var families = new List<string> { first };
        if (policy != "SingleStack")
        {
            var second = first == "IPv4" ? "IPv6" : "IPv4";
            if (available.Contains(second) || anyFamily)
            {
                families.Add(second);
            }
            else if (policy == "RequireDualStack")
            {
                errors.Invalid("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services");
                return null;
            }
        }

        spec["ipFamilies"] = JsonTree.Array(families);
        return families;
    }

    private void AllocateAddresses(JsonObject spec, List<string> families, JsonObject? before, FieldErrors errors)
    {
        if (spec.Text("clusterIP") == Headless)
        {
            return;
        }

        var mine = Addresses(before).ToHashSet();
        var addresses = Addresses(spec).ToList();
        foreach (var (index, address) in addresses.Index())
        {
            if (AllocatorOf(address) is not { } allocator)
            {
                errors.Invalid("spec.clusterIPs", spec["clusterIPs"]?.DeepClone(), $"failed to allocate IP {address}: the provided network does not match the current range");
            }
            else if (allocator.IsUsed(address) && !mine.Contains(address))
            {
                errors.Invalid("spec.clusterIPs", spec["clusterIPs"]?.DeepClone(), $"failed to allocate IP {address}: provided IP is already allocated");
            }
            else if (index >= families.Count || FamilyName(address.Family) != families[index])
            {
                errors.Invalid($"spec.clusterIPs[{index}]", address.ToString(), "expected an address of the family in `ipFamilies`");
            }
        }

        for (var index = addresses.Count; index < families.Count; index++)
        {
            var allocator = _addresses.First(candidate => FamilyName(candidate.Prefix.Family) == families[index]);
            if (allocator.FindFree() is not { } free)
            {
                errors.Invalid("spec.clusterIPs", null, $"failed to allocate a serviceIP: range is full");
                return;
            }

            addresses.Add(free);
        }

        spec["clusterIPs"] = JsonTree.Array(addresses.Select(static address => address.ToString()));
        spec["clusterIP"] = addresses[0].ToString();
    }

    private void AllocateNodePorts(JsonObject spec, JsonObject? before, FieldErrors errors)
    {
        var mine = NodePorts(before).ToHashSet();
        var taken = new HashSet<int>(NodePorts(spec));
        var shared = new Dictionary<long, int>();
        foreach (var (index, port) in spec.Maps("ports").Index())
        {
            var number = (int)(port.Number("nodePort") ?? 0);
            if (number != 0)
            {
                if (_ports.IsUsed(number) && !mine.Contains(number))
                {
                    errors.Invalid($"spec.ports[{index}].nodePort", number, "provided port is already allocated");
                }
                else if (!NeedsNodePorts(spec) && spec.Text("type") == "ClusterIP")
                {
                    errors.Forbidden($"spec.ports[{index}].nodePort", "may not be used when `type` is 'ClusterIP'");
                }
            }
            else if (NeedsNodePorts(spec))
            {
                // The same port over TCP and UDP gets the same node port, as DNS servers want it.
                number = shared.TryGetValue(port.Number("port") ?? 0, out var same) ? same : _ports.FindFree(taken) ?? 0;
                if (number == 0)
                {
                    errors.Invalid($"spec.ports[{index}].nodePort", null, "failed to allocate a nodePort: range is full");
                    return;
                }

                port["nodePort"] = number;
                taken.Add(number);
            }

            shared.TryAdd(port.Number("port") ?? 0, number);
        }
    }

    private void AllocateHealthCheckPort(JsonObject spec, JsonObject? before, FieldErrors errors)
    {
        if (spec.Text("type") != "LoadBalancer" || spec.Text("externalTrafficPolicy") != "Local")
        {
            spec.Remove("healthCheckNodePort");
            return;
        }

        if (spec.Number("healthCheckNodePort") is null or 0)
        {
            spec["healthCheckNodePort"] = before.Number("healthCheckNodePort") ?? _ports.FindFree(new HashSet<int>(NodePorts(spec)));
        }
        else if (_ports.IsUsed((int)spec.Number("healthCheckNodePort")!) && !NodePorts(before).Contains((int)spec.Number("healthCheckNodePort")!))
        {
            errors.Invalid("spec.healthCheckNodePort", spec.Number("healthCheckNodePort"), "provided port is already allocated");
        }
    }
}
