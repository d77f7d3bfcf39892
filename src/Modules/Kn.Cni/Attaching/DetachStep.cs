namespace Kn.Cni.Attaching;

/// <summary>The steps of DEL, in order, those after its answer included. Tests kill the agent at each of them.</summary>
internal enum DetachStep
{
    Unlink,
    WriteJournal,
    Answer,
    RemoveLinks,
    FreeAddresses,
}
