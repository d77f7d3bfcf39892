using Kn.Lab.Commands;
using Kn.Lab.Echo;
using Kn.Lab.Sandbox;

// The verbs that run once a container come first and touch nothing of the rest.
return args switch
{
    ["pod-init", .. var rest] => PodInitProgram.Run(rest),
    ["echo", .. var rest] => await EchoProgram.RunAsync(rest),
    ["apiserver", .. var rest] => await ApiServerProgram.RunAsync(rest),
    _ => await LabCommandLine.RunAsync(args),
};
