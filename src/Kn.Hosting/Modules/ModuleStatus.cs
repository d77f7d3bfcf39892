namespace Kn.Hosting.Modules;

/// <summary>What a module says of itself in <c>kn status</c>, <c>/healthz</c> and <c>/readyz</c>. Thread-safe.</summary>
public sealed class ModuleStatus
{
}
