using System.Runtime;

namespace Kn.Early;

/// <summary>The program's first function, linked in the place of main: runs before the runtime does, and mostly instead of it.</summary>
/// <remarks>A CNI call is one question to the agent, and starting the runtime takes several times as long as asking
/// (docs/adr/0003-the-cni-call-before-the-runtime.md). What runs here may use neither heap nor exceptions nor strings nor static
/// constructors: pointers, spans, structs and system calls, all of it in this folder.</remarks>
internal static unsafe class EarlyMain
{
    [RuntimeExport("__wrap_main")]
    private static int Run(int argumentCount, byte** arguments, byte** environment) =>
        EarlyCniCall.TryRun(environment, out var exitCode) ? exitCode : EarlyLibc.RealMain(argumentCount, arguments);
}
