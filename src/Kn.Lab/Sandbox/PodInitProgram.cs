namespace Kn.Lab.Sandbox;

/// <summary><c>kn-lab pod-init … -- COMMAND</c>: enters a sandbox and becomes the command in it.</summary>
internal static class PodInitProgram
{
    /// <summary>Runs it; the arguments are those after "pod-init". Returns only when it fails.</summary>
    public static int Run(string[] arguments)
    {
        try
        {
            return ProcessSandbox.Become(SandboxSpec.Parse(arguments));
        }
        catch (FormatException e)
        {
            Console.Error.WriteLine($"kn-lab: {e.Message}");
            return 2;
        }
    }
}
