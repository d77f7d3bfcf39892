namespace Kn.Cni.Attaching;

/// <summary>The steps of ADD, in order. Tests let each of them fail.</summary>
internal enum AttachStep
{
    TakeAddresses,
    WriteJournal,
    CreateLink,
    ConfigurePod,
    ConfigureHost,
    MapPorts,
    WaitForGates,
    FlushJournal,
    Complete,
}
