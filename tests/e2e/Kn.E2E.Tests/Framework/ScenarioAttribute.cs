using Xunit.Abstractions;
using Xunit.Sdk;

namespace Kn.E2E.Tests.Framework;

/// <summary>A fact that runs on the lab's own API server and, in the classes named …OnRealServer, on a real one. Those are skipped,
/// visibly, where KN_REAL_APISERVER names no script; CI sets it and takes a skip for a failure.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Kn.E2E.Tests.Framework.ScenarioDiscoverer", "Kn.E2E.Tests")]
public sealed class ScenarioAttribute : FactAttribute;

/// <summary>Finds the scenarios.</summary>
public sealed class ScenarioDiscoverer(IMessageSink diagnostics) : IXunitTestCaseDiscoverer
{
    /// <inheritdoc/>
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        [new ScenarioCase(diagnostics, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod)];
}

/// <summary>A scenario in one class.</summary>
public sealed class ScenarioCase : XunitTestCase
{
    /// <summary>For xunit's deserializer.</summary>
    [Obsolete("called by xunit only")]
    public ScenarioCase()
    {
    }

    /// <summary>Makes the case.</summary>
    public ScenarioCase(IMessageSink diagnostics, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(diagnostics, display, options, method)
    {
    }

    /// <inheritdoc/>
    protected override string? GetSkipReason(IAttributeInfo factAttribute) =>
        TestMethod.TestClass.Class.Name.EndsWith("OnRealServer", StringComparison.Ordinal) && RealServer.Script is null
            ? "KN_REAL_APISERVER names no script that starts a real API server"
            : base.GetSkipReason(factAttribute);
}
