using Kn.Ingress.Routing;

namespace Kn.Ingress.Annotations;

/// <summary>Settings while they are read.</summary>
internal sealed class AnnotationDraft
{
    /// <summary>What they are so far.</summary>
    public RouteSettings Settings { get; set; } = RouteSettings.None;

    /// <summary>Cross-origin settings, which count when they are enabled.</summary>
    public CorsSettings Cors { get; set; } = new();

    /// <summary>enable-cors.</summary>
    public bool EnablesCors { get; set; }

    /// <summary>Limits so far.</summary>
    public LimitSettings Limits { get; set; } = new();

    /// <summary>Affinity so far.</summary>
    public AffinityDraft Affinity { get; } = new();

    /// <summary>auth-* of names and passwords.</summary>
    public BasicAuthDraft BasicAuth { get; } = new();

    /// <summary>auth-url and what belongs to it; null without it.</summary>
    public ForwardAuthSettings ForwardAuth { get; set; } = new() { Url = "" };

    /// <summary>canary-*.</summary>
    public CanarySettings Canary { get; set; } = new();

    /// <summary>canary.</summary>
    public bool IsCanary { get; set; }

    /// <summary>Where redirects lead, and by what.</summary>
    public RedirectDraft Redirect { get; } = new();

    /// <summary>proxy-next-upstream*.</summary>
    public RetrySettings? Retries { get; set; }

    /// <summary>proxy-next-upstream-tries.</summary>
    public int? Tries { get; set; }

    /// <summary>affinity and session-cookie-*.</summary>
    internal sealed class AffinityDraft
    {
        public bool IsOn { get; set; }

        public string Name { get; set; } = "INGRESSCOOKIE";

        public string Path { get; set; } = "/";

        public string Domain { get; set; } = "";

        public string SameSite { get; set; } = "";

        public int? Expires { get; set; }

        public int? MaxAge { get; set; }

        public bool IsSecure { get; set; }

        public bool ChangesOnFailure { get; set; }

        public bool KeepsCanary { get; set; } = true;
    }

    /// <summary>auth-type and auth-secret.</summary>
    internal sealed class BasicAuthDraft
    {
        public bool IsOn { get; set; }

        public string Realm { get; set; } = "Authentication Required";

        public string Secret { get; set; } = "";

        public bool IsMap { get; set; }
    }

    /// <summary>permanent-redirect, temporal-redirect and their codes.</summary>
    internal sealed class RedirectDraft
    {
        public string Permanent { get; set; } = "";

        public int PermanentCode { get; set; } = 301;

        public string Temporal { get; set; } = "";

        public int TemporalCode { get; set; } = 302;
    }
}
