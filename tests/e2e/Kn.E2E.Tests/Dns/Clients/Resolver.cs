using System.Reflection;
using Xunit.Sdk;

namespace Kn.E2E.Tests.Dns;

/// <summary>A stock program or library that asks for names.</summary>
public enum Resolver
{
    /// <summary>BIND's dig.</summary>
    Dig,

    /// <summary>Knot's kdig.</summary>
    Kdig,

    /// <summary>glibc's getaddrinfo, getnameinfo and res_send.</summary>
    Glibc,

    /// <summary>The same of musl, as Alpine's images have them.</summary>
    Musl,
}

/// <summary>The theory's row for each resolver.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryResolverAttribute : DataAttribute
{
    /// <inheritdoc/>
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => Enum.GetValues<Resolver>().Select(static by => new object[] { by });
}

/// <summary>The theory's row for each C library, that is, for what programs call.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryLibraryAttribute : DataAttribute
{
    /// <inheritdoc/>
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[Resolver.Glibc], [Resolver.Musl]];
}

/// <summary>The theory's row for each tool that can be told server and transport.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EveryToolAttribute : DataAttribute
{
    /// <inheritdoc/>
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[Resolver.Dig], [Resolver.Kdig]];
}
