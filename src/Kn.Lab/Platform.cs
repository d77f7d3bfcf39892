// Network namespaces exist nowhere else.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
