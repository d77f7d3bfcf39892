using Kn.Lab.ApiServer;
using Kn.Lab.ApiServer.Selectors;
using Kn.Lab.ApiServer.Tables;

namespace Kn.Lab.Tests.ApiServer;

public class SelectorTests
{
    [Theory]
    [InlineData("", true)]
    [InlineData("app=web", true)]
    [InlineData("app==web", true)]
    [InlineData("app!=web", false)]
    [InlineData("missing!=web", true)]
    [InlineData("app in (db, web)", true)]
    [InlineData("app in (db),tier", false)]
    [InlineData("app notin (db)", true)]
    [InlineData("!missing", true)]
    [InlineData("missing", false)]
    [InlineData("tier", true)]
    [InlineData("n>3", true)]
    [InlineData("n<3", false)]
    [InlineData("app=web,tier in (a,b),!missing", true)]
    public void LabelSelector_Matches(string selector, bool expected) =>
        Assert.Equal(expected, LabelSelector.Parse(selector).Matches(Json.Of("{app: web, tier: a, n: '5'}")));

    [Theory]
    [InlineData("a b c")]
    [InlineData("a in b")]
    [InlineData("=x")]
    [InlineData("a in (x")]
    public void LabelSelector_ThatIsNone_IsRefused(string selector) =>
        Assert.Equal(400, Assert.Throws<StatusException>(() => LabelSelector.Parse(selector)).Code);

    [Theory]
    [InlineData("metadata.name=p", true)]
    [InlineData("metadata.name!=p", false)]
    [InlineData("spec.nodeName=", true)]
    [InlineData("spec.nodeName=n1", false)]
    [InlineData("status.phase=Running,metadata.namespace=default", true)]
    [InlineData("status.phase!=Failed,status.phase!=Succeeded", true)]
    public void FieldSelector_Matches(string selector, bool expected)
    {
        var pod = Json.Of("{metadata: {name: p, namespace: default}, spec: {}, status: {phase: Running}}");
        Assert.Equal(expected, FieldSelector.Parse(selector, ["spec.nodeName", "status.phase"]).Matches(pod));
    }

    [Fact]
    public void FieldSelector_OfAnUndeclaredField_IsRefused() =>
        Assert.Contains("field label not supported: spec.x", Assert.Throws<StatusException>(() => FieldSelector.Parse("spec.x=1", [])).Message);

    [Theory]
    [InlineData(5, "5s")]
    [InlineData(119, "119s")]
    [InlineData(120, "2m")]
    [InlineData(192, "3m12s")]
    [InlineData(3600, "60m")]
    [InlineData(3 * 3600, "3h")]
    [InlineData(4 * 3600 + 120, "4h2m")]
    [InlineData(47 * 3600, "47h")]
    [InlineData(50 * 3600, "2d2h")]
    [InlineData(30 * 86400, "30d")]
    [InlineData(800 * 86400, "2y70d")]
    public void HumanDuration_ReadsAsKubectlPrints(int seconds, string expected) =>
        Assert.Equal(expected, HumanDuration.Format(TimeSpan.FromSeconds(seconds)));
}
