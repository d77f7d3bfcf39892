namespace Kn.Cni.Ipam;

/// <summary>The steps of writing the journal anew, in order. Tests kill the agent at each of them.</summary>
internal enum RewriteStep
{
    WriteNewFile,
    Rename,
    FlushName,
    UseNewFile,
}
