namespace System.Runtime;

/// <summary>Gives a method a linker symbol, without the transition into the runtime that <c>UnmanagedCallersOnly</c> makes at its
/// beginning. The native compiler knows it by this name, as the runtime's own libraries use it.</summary>
/// <param name="entryPoint">The symbol.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RuntimeExportAttribute(string entryPoint) : Attribute
{
    public string EntryPoint { get; } = entryPoint;
}
