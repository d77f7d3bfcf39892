using Kn.Kubernetes.Objects;
using Kn.LoadBalancer.Allocating;
using Kn.Primitives;

namespace Kn.LoadBalancer.Tests.Allocating;

/// <summary>Which Service gets which address.</summary>
public sealed class AllocationTests
{
    private static readonly LoadBalancerOptions s_two = Given.Options(Given.Pool("v4", "192.0.2.10-192.0.2.12"), Given.Pool("v6", "2001:db8::10-2001:db8::12"));

    [Fact]
    [Conformance("load-balancer", "Allocation")]
    public void The_oldest_Service_gets_the_first_address()
    {
        var grants = Given.Plan(s_two, Given.Service("a", age: 1), Given.Service("b", age: 2));
        Assert.Equal(("192.0.2.11", "192.0.2.10"), (grants["a"].Text(), grants["b"].Text()));
    }

    [Fact]
    [Conformance("load-balancer", "Allocation")]
    public void What_the_status_says_is_kept_whoever_is_older()
    {
        var grants = Given.Plan(s_two, Given.Service("a", age: 1).Holding("192.0.2.10"), Given.Service("b", age: 2));
        Assert.Equal(("192.0.2.10", "192.0.2.11"), (grants["a"].Text(), grants["b"].Text()));
        Assert.False(grants["a"].NeedsWriting);
    }

    [Fact]
    [Conformance("load-balancer", "Dual stack")]
    public void A_dual_stack_Service_gets_an_address_of_each_family_in_its_order()
    {
        var grants = Given.Plan(s_two, Given.Dual("a"), Given.Dual("b", age: -1) with { IpFamilies = [IpFamily.V6, IpFamily.V4] });
        Assert.Equal(("192.0.2.10,2001:db8::10", "2001:db8::11,192.0.2.11"), (grants["a"].Text(), grants["b"].Text()));
    }

    [Fact]
    [Conformance("load-balancer", "Dual stack")]
    public void One_pool_with_both_families_is_taken_before_two_with_one_each()
    {
        var options = Given.Options(Given.Pool("v4", "192.0.2.10"), Given.Pool("both", "198.51.100.1", "2001:db8:1::1"));
        Assert.Equal("198.51.100.1,2001:db8:1::1", Given.Plan(options, Given.Dual("a"))["a"].Text());
    }

    [Fact]
    [Conformance("load-balancer", "Dual stack")]
    public void RequireDualStack_gets_both_families_or_nothing()
    {
        var options = Given.Options(Given.Pool("v4", "192.0.2.10"));
        var grants = Given.Plan(options, Given.Dual("a") with { RequiresDualStack = true }, Given.Dual("b", age: -1));
        Assert.Equal(("", "192.0.2.10"), (grants["a"].Text(), grants["b"].Text()));
        Assert.Equal("there is no pool with IPv6 addresses among v4", grants["a"].Problem);
    }

    [Fact]
    [Conformance("load-balancer", "Exhaustion")]
    public void An_empty_pool_is_said_and_the_others_keep_theirs()
    {
        var options = Given.Options(Given.Pool("v4", "192.0.2.10"));
        var grants = Given.Plan(options, Given.Service("a", age: 1), Given.Service("b"));
        Assert.Equal(("192.0.2.10", ""), (grants["a"].Text(), grants["b"].Text()));
        Assert.True(grants["b"].IsExhausted);
        Assert.Equal("no IPv4 address is left in v4", grants["b"].Problem);
    }

    [Theory]
    [InlineData("metallb.io/loadBalancerIPs")]
    [InlineData("metallb.universe.tf/loadBalancerIPs")]
    [InlineData("kn.internal/load-balancer-ips")]
    [InlineData("lbipam.cilium.io/ips")]
    [InlineData("io.cilium/lb-ipam-ips")]
    [InlineData("kube-vip.io/loadbalancerIPs")]
    [Conformance("load-balancer", "Requested addresses")]
    public void Addresses_asked_for_by_annotation_are_given(string annotation)
    {
        var grants = Given.Plan(s_two, Given.Dual("a").Annotated((annotation, "192.0.2.12, 2001:db8::11")));
        Assert.Equal("192.0.2.12,2001:db8::11", grants["a"].Text());
    }

    [Fact]
    [Conformance("load-balancer", "Requested addresses")]
    public void Spec_loadBalancerIP_is_given()
    {
        var grants = Given.Plan(s_two, Given.Service("a") with { LoadBalancerIp = IpAddress.Parse("192.0.2.12") });
        Assert.Equal("192.0.2.12", grants["a"].Text());
    }

    [Fact]
    [Conformance("load-balancer", "Requested addresses")]
    public void A_wish_that_changed_moves_the_Service()
    {
        var grants = Given.Plan(s_two, Given.Service("a").Holding("192.0.2.10").Annotated((LbAnnotations.Addresses, "192.0.2.11")));
        Assert.Equal("192.0.2.11", grants["a"].Text());
        Assert.True(grants["a"].NeedsWriting);
    }

    [Fact]
    [Conformance("load-balancer", "Requested addresses")]
    public void A_certain_address_goes_to_who_asks_for_it_before_who_asks_for_any()
    {
        var grants = Given.Plan(s_two, Given.Service("old", age: 5), Given.Service("new").Annotated((LbAnnotations.Addresses, "192.0.2.10")));
        Assert.Equal(("192.0.2.11", "192.0.2.10"), (grants["old"].Text(), grants["new"].Text()));
    }

    [Theory]
    [InlineData("192.0.2.99", "192.0.2.99 is in no pool")]
    [InlineData("elsewhere", "'elsewhere' is not an address")]
    [InlineData("2001:db8::10", "2001:db8::10 is of no family of this Service (IPv4)")]
    [InlineData("192.0.2.10,192.0.2.11", "a Service has one address of each family; two are asked for: 192.0.2.10, 192.0.2.11")]
    [Conformance("load-balancer", "Requested addresses")]
    public void A_wish_that_cannot_be_met_is_said_and_nothing_else_is_given(string wish, string problem)
    {
        var grant = Given.Plan(s_two, Given.Service("a").Annotated((LbAnnotations.Addresses, wish)))["a"];
        Assert.Equal(("", problem), (grant.Text(), grant.Problem));
    }

    [Fact]
    [Conformance("load-balancer", "Pools")]
    public void A_pool_asked_for_by_annotation_is_the_only_one_even_without_autoAssign()
    {
        var options = Given.Options(Given.Pool("a", "192.0.2.1"), Given.Pool("b", "192.0.2.2") with { AutoAssign = false });
        var grants = Given.Plan(options, Given.Service("x").Annotated(("metallb.io/address-pool", "b")), Given.Service("y", age: 1), Given.Service("z", age: -1));
        Assert.Equal(("192.0.2.2", "192.0.2.1", ""), (grants["x"].Text(), grants["y"].Text(), grants["z"].Text()));
    }

    [Fact]
    [Conformance("load-balancer", "Pools")]
    public void Pools_for_certain_Services_come_first_then_by_priority_zero_last()
    {
        var options = Given.Options(
            Given.Pool("last", "192.0.2.1"),
            Given.Pool("second", "192.0.2.2") with { Priority = 2 },
            Given.Pool("first", "192.0.2.3") with { Priority = 1 },
            Given.Pool("web", "192.0.2.4") with { ServiceSelectors = ["app=web"] });
        var grants = Given.Plan(options, [.. Enumerable.Range(0, 4).Select(static i => Given.Service($"s{i}", age: 9 - i)), Given.Service("web").Labelled("app", "web")]);
        Assert.Equal(["192.0.2.3", "192.0.2.2", "192.0.2.1", "", "192.0.2.4"], new[] { "s0", "s1", "s2", "s3", "web" }.Select(name => grants[name].Text()));
    }

    [Fact]
    [Conformance("load-balancer", "Pools")]
    public void A_pool_for_namespaces_is_for_those_by_name_or_by_label()
    {
        var options = Given.Options(Given.Pool("p", "192.0.2.1-192.0.2.9") with { Namespaces = ["one"], NamespaceSelectors = ["team in (x, y)"] });
        var grants = Given.Plan(
            options,
            new Namespace { Metadata = new ObjectMeta { Name = "two", Labels = ValueMap.Of<string, string>(("team", "x")) } },
            Given.Service("a", 3, "one"), Given.Service("b", 2, "two"), Given.Service("c", 1, "three"));
        Assert.Equal(("192.0.2.1", "192.0.2.2", ""), (grants["a"].Text(), grants["b"].Text(), grants["c"].Text()));
        Assert.Equal("no pool is for this Service", grants["c"].Problem);
    }

    [Fact]
    [Conformance("load-balancer", "Pools")]
    public void AvoidBuggyIPs_leaves_out_0_and_255()
    {
        var options = Given.Options(Given.Pool("p", "192.0.2.254-192.0.3.1") with { AvoidBuggyIps = true });
        var grants = Given.Plan(options, [.. Enumerable.Range(0, 3).Select(static i => Given.Service($"s{i}", age: 9 - i))]);
        Assert.Equal(["192.0.2.254", "192.0.3.1", ""], grants.Values.Select(static grant => grant.Text()));
        Assert.Equal(2, AddressPool.Of(options)[0].CountOf(IpFamily.V4));
    }

    [Fact]
    [Conformance("load-balancer", "Pools")]
    public void An_address_whose_pool_is_gone_is_exchanged()
    {
        var grants = Given.Plan(s_two, Given.Service("a").Holding("198.51.100.7"));
        Assert.Equal("192.0.2.10", grants["a"].Text());
    }

    [Theory]
    [InlineData("metallb.io/allow-shared-ip")]
    [InlineData("metallb.universe.tf/allow-shared-ip")]
    [InlineData("kn.internal/allow-shared-ip")]
    [Conformance("load-balancer", "Sharing")]
    public void Services_with_one_key_and_other_ports_share_an_address(string annotation)
    {
        var grants = Given.Plan(
            s_two,
            Given.Service("a", 3).Annotated((annotation, "k")),
            Given.Service("b", 2).Annotated((annotation, "k")) with { Ports = [Given.Udp(80), Given.Tcp(81)] },
            Given.Service("c", 1).Annotated((annotation, "other")) with { Ports = [Given.Tcp(82)] });
        Assert.Equal(("192.0.2.10", "192.0.2.10", "192.0.2.11"), (grants["a"].Text(), grants["b"].Text(), grants["c"].Text()));
    }

    [Fact]
    [Conformance("load-balancer", "Sharing")]
    public void Services_with_the_same_port_do_not_share()
    {
        var grants = Given.Plan(s_two, Given.Service("a", 3).Annotated((LbAnnotations.Sharing, "k")), Given.Service("b", 2).Annotated((LbAnnotations.Sharing, "k")));
        Assert.Equal(("192.0.2.10", "192.0.2.11"), (grants["a"].Text(), grants["b"].Text()));
    }

    [Fact]
    [Conformance("load-balancer", "Sharing")]
    public void Policy_Local_shares_only_with_the_same_selector()
    {
        var local = Given.Service("a", 3).Annotated((LbAnnotations.Sharing, "k")) with { ExternalTrafficPolicyLocal = true };
        var other = local with { Metadata = local.Metadata with { Name = "b" }, Ports = [Given.Tcp(81)], Selector = ValueMap.Of<string, string>(("app", "other")) };
        var same = local with { Metadata = local.Metadata with { Name = "c" }, Ports = [Given.Tcp(82)] };
        var grants = Given.Plan(s_two, local, other, same);
        Assert.Equal(("192.0.2.10", "192.0.2.11", "192.0.2.10"), (grants["a"].Text(), grants["b"].Text(), grants["c"].Text()));
    }

    [Fact]
    [Conformance("load-balancer", "Sharing")]
    public void A_wish_for_an_address_that_another_does_not_share_is_refused()
    {
        var grants = Given.Plan(s_two, Given.Service("a").Holding("192.0.2.10"), Given.Service("b").Annotated((LbAnnotations.Addresses, "192.0.2.10")));
        Assert.Equal("192.0.2.10 is default/a's, and the two do not share it by the same key", grants["b"].Problem);
    }

    [Fact]
    [Conformance("load-balancer", "loadBalancerClass")]
    public void A_foreign_class_is_left_alone()
    {
        var grants = Given.Plan(s_two, Given.Service("a") with { LoadBalancerClass = "somebody.else/lb" }, Given.Service("b") with { LoadBalancerClass = "kn.internal/load-balancer" });
        Assert.Equal("b", Assert.Single(grants).Key);
    }

    [Fact]
    [Conformance("load-balancer", "loadBalancerClass")]
    public void No_class_is_served_unless_the_config_says_otherwise()
    {
        Assert.Empty(Given.Plan(s_two with { ServicesWithoutClass = false }, Given.Service("a")));
        Assert.Single(Given.Plan(s_two, Given.Service("a")));
    }

    [Fact]
    [Conformance("load-balancer", "Release")]
    public void A_Service_of_another_type_loses_its_addresses()
    {
        var grants = Given.Plan(s_two, Given.Service("a").Holding("192.0.2.10") with { Type = "ClusterIP" }, Given.Service("b").Holding("203.0.113.1") with { Type = "ClusterIP" });
        Assert.Equal(("", true), (Assert.Single(grants).Value.Text(), grants["a"].NeedsWriting));
    }

    [Fact]
    [Conformance("load-balancer", "Release")]
    public void A_Service_about_to_be_deleted_keeps_its_address_and_gets_none()
    {
        static Service Going(Service service) => service with { Metadata = service.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } };
        var grants = Given.Plan(s_two, Going(Given.Service("a", 2).Holding("192.0.2.10")), Going(Given.Service("b", 1)), Given.Service("c"));
        Assert.Equal(("192.0.2.10", "", "192.0.2.11"), (grants["a"].Text(), grants["b"].Text(), grants["c"].Text()));
    }

    [Fact]
    public void TwoServicesThatHoldTheSameAddress_TheOlderKeepsIt()
    {
        var grants = Given.Plan(s_two, Given.Service("a", 1).Holding("192.0.2.10"), Given.Service("b", 2).Holding("192.0.2.10"));
        Assert.Equal(("192.0.2.11", "192.0.2.10"), (grants["a"].Text(), grants["b"].Text()));
    }

    [Theory]
    [InlineData("app=web", "app=web", true)]
    [InlineData("app==web", "app=web", true)]
    [InlineData("app!=web", "app=web", false)]
    [InlineData("app in (web, db)", "app=db", true)]
    [InlineData("app notin (web,db)", "app=db", false)]
    [InlineData("app,!tier", "app=db", true)]
    [InlineData("app=web,tier", "app=web", false)]
    public void Selectors_AreThoseOfKubectl(string selector, string label, bool matches)
    {
        var (key, value) = (label.Split('=')[0], label.Split('=')[1]);
        Assert.True(LoadBalancer.Options.SelectorText.TryParse(selector, out var parsed));
        Assert.Equal(matches, parsed.Matches(ValueMap.Of<string, string>((key, value))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a in b")]
    [InlineData("a=b=c")]
    [InlineData("a,")]
    [InlineData("a among (b)")]
    public void WhatIsNoSelector_IsAnError(string text) => Assert.False(LoadBalancer.Options.SelectorText.TryParse(text, out _));
}
