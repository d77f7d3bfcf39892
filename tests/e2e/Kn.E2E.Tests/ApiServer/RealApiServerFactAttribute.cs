namespace Kn.E2E.Tests.ApiServer;

/// <summary>A test that needs a real API server; where KN_REAL_APISERVER is not set it is reported as skipped, with that reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealApiServerFactAttribute : FactAttribute
{
    public RealApiServerFactAttribute()
    {
        if (RealApiServer.Script is null)
        {
            Skip = "KN_REAL_APISERVER does not name a script that starts a real API server";
        }
    }
}
