// Blittable types only cross into the kernel: what a struct looks like here is what the kernel sees.
[assembly: System.Runtime.CompilerServices.DisableRuntimeMarshalling]
