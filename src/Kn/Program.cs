using Kn.Cni;
using Kn.Commands;

// The container runtime calls the same binary for every pod that comes or goes: that path touches nothing else.
return Environment.GetEnvironmentVariable("CNI_COMMAND") is { Length: > 0 } command
    ? CniEntry.Run(command)
    : await KnCommand.RunAsync(args);
