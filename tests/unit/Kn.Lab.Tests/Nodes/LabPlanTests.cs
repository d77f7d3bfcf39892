using Kn.Lab.Api;
using Kn.Lab.LabNodes;
using Kn.Lab.Sandbox;
using Kn.Lab.Underlay;

namespace Kn.Lab.Tests.Nodes;

public sealed class LabPlanTests
{
    [Theory]
    [InlineData(1, 1, "192.168.77.11 fd00:77::b")]
    [InlineData(2, 1, "192.168.77.12 fd00:77::c")]
    [InlineData(1, 2, "192.168.77.11 fd00:77::b")]
    [InlineData(2, 2, "192.168.78.12 fd00:77:0:1::c")]
    public void Node_HasAnAddressOfEachFamilyOnItsSegment(int number, int segments, string expected) =>
        Assert.Equal(expected, string.Join(' ', new UnderlayPlan(3, segments).Node(number)));

    [Fact]
    public void NoTwoHosts_ShareAnAddress()
    {
        var plan = new UnderlayPlan(UnderlayPlan.MaxNodes, 2);
        var all = Enumerable.Range(1, UnderlayPlan.MaxNodes).SelectMany(plan.Node)
            .Concat(UnderlayPlan.Outside).Concat(UnderlayPlan.Router(0)).Concat(UnderlayPlan.Router(1)).ToList();
        Assert.Equal(all.Count, all.Distinct().Count());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a-b")]
    [InlineData("Lab")]
    [InlineData("x/y")]
    [InlineData("abcdefghijklmnopq")]
    public void ALabsName_IsRefused(string name) => Assert.Throws<FormatException>(() => new LabNames(name));

    [Fact]
    public void Sandbox_SurvivesItsArguments()
    {
        var spec = new SandboxSpec
        {
            NetworkNamespace = "/run/netns/x",
            Hostname = "h",
            EtcFolder = "/e",
            LogFile = "/l",
            WorkingDirectory = "/w",
            NewSession = true,
            NotifySocket = "/n",
            Descriptors = [new HandedDescriptor(7, 12, "dns-udp-10.96.0.10-53-0"), new HandedDescriptor(7, 13, "b")],
            Command = ["sh", "-c", "--", "a b"],
        };
        var read = SandboxSpec.Parse([.. spec.ToArguments()]);
        Assert.Equal(spec with { Command = read.Command, Descriptors = read.Descriptors }, read);
        Assert.Equal(spec.Descriptors, read.Descriptors);
        Assert.Equal(spec.Command, read.Command);
    }

    [Theory]
    [InlineData]
    [InlineData("--")]
    [InlineData("--netns", "/x")]
    [InlineData("--what", "x", "--", "true")]
    public void Sandbox_RefusesArgumentsItDoesNotKnow(params string[] arguments) =>
        Assert.Throws<FormatException>(() => SandboxSpec.Parse(arguments));

    [Fact]
    public void NodesKubeconfig_PointsToTheForwarder_AndStillNamesTheServer()
    {
        var folder = Directory.CreateTempSubdirectory("kn-lab-config");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "ca.crt"), "PEM");
            var path = Path.Combine(folder.FullName, "config");
            File.WriteAllText(
                path,
                """
                current-context: b
                contexts: [{name: a, context: {cluster: x, user: x}}, {name: b, context: {cluster: c, user: u, namespace: n}}]
                clusters: [{name: c, cluster: {server: "https://127.0.0.1:16443", certificate-authority: ca.crt}}]
                users: [{name: u, user: {token: secret}}]
                """);
            var config = YamlTree.Parse(NodeFiles.Kubeconfig(path, "192.168.77.1:6443"));
            var cluster = config.Maps("clusters").Single().Map("cluster");
            Assert.Equal("https://192.168.77.1:6443", cluster.Text("server"));
            Assert.Equal("127.0.0.1", cluster.Text("tls-server-name"));
            Assert.Equal("UEVN", cluster.Text("certificate-authority-data"));
            Assert.Equal("secret", config.Maps("users").Single().Text("user", "token"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
