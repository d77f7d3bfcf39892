using Kn.Primitives;

namespace Kn.Ingress.Routing;

/// <summary>What is done with a route's requests beside sending them on; the same for whatever kind of object asks for it. Compares by value.</summary>
internal sealed record RouteSettings
{
    /// <summary>Nothing.</summary>
    public static RouteSettings None { get; } = new();

    /// <summary>Why requests are answered by 503: a setting that guards something could not be read. Null for nothing.</summary>
    public string? Broken { get; init; }

    /// <summary>The path in place of the request's, with $1 and so on for the captures of the route's pattern; null for the request's.</summary>
    public string? RewriteTarget { get; init; }

    /// <summary>Whether paths are patterns.</summary>
    public bool UsesPatterns { get; init; }

    /// <summary>Where the bare host leads; null for nowhere else.</summary>
    public string? AppRoot { get; init; }

    /// <summary>Every request is sent elsewhere; null for none.</summary>
    public RedirectSettings? Redirect { get; init; }

    /// <summary>Requests without TLS are sent to https: where the host has a certificate (null, true) or never (false). The TLS listener acts on it.</summary>
    public bool? SslRedirect { get; init; }

    /// <summary>The same, whether the host has a certificate or not.</summary>
    public bool ForceSslRedirect { get; init; }

    /// <summary>Whether www.HOST leads to HOST, or the other way round.</summary>
    public bool RedirectsWww { get; init; }

    /// <summary>Longest body of a request; 0 for any.</summary>
    public long MaxBodyBytes { get; init; }

    /// <summary>For the backend to accept a connection; null for the engine's.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>While the backend takes nothing of the request; null for the engine's.</summary>
    public TimeSpan? SendTimeout { get; init; }

    /// <summary>While the backend says nothing; null for the engine's.</summary>
    public TimeSpan? ReadTimeout { get; init; }

    /// <summary>What the backend speaks.</summary>
    public BackendProtocol Protocol { get; init; }

    /// <summary>Who alone may ask; empty for everybody.</summary>
    public ValueList<IpPrefix> Allowed { get; init; }

    /// <summary>Who may not ask.</summary>
    public ValueList<IpPrefix> Denied { get; init; }

    /// <summary>What pages of other origins may do; null for what the backend says.</summary>
    public CorsSettings? Cors { get; init; }

    /// <summary>Who may ask, by name and password; null for everybody.</summary>
    public BasicAuthSettings? BasicAuth { get; init; }

    /// <summary>Who may ask, as another program says; null for everybody.</summary>
    public ForwardAuthSettings? ForwardAuth { get; init; }

    /// <summary>How much one client may ask; null for as much as it likes.</summary>
    public LimitSettings? Limits { get; init; }

    /// <summary>A client's requests go to the same endpoint, by a cookie; null for any.</summary>
    public AffinitySettings? Affinity { get; init; }

    /// <summary>Requests of which this is the same go to the same endpoint, as $request_uri; null for any.</summary>
    public string? HashBy { get; init; }

    /// <summary>Whether endpoints take turns, in place of the one that fewest requests wait for.</summary>
    public bool TakesTurns { get; init; }

    /// <summary>The host that backends are asked for; null for the request's.</summary>
    public string? UpstreamHost { get; init; }

    /// <summary>X-Forwarded-Prefix; null for none.</summary>
    public string? ForwardedPrefix { get; init; }

    /// <summary>Connection, as backends get it; null for what HTTP asks for.</summary>
    public string? ConnectionField { get; init; }

    /// <summary>When another endpoint is asked; null for the engine's way.</summary>
    public RetrySettings? Retries { get; init; }

    /// <summary>Fields that backends get, in place of the client's of the same name.</summary>
    public ValueList<FieldSetting> RequestFields { get; init; }

    /// <summary>Fields that clients get, in place of the backend's of the same name.</summary>
    public ValueList<FieldSetting> AnswerFields { get; init; }

    /// <summary>Whether the access log has no lines of it.</summary>
    public bool IsNotLogged { get; init; }
}

/// <summary>Sends clients elsewhere.</summary>
/// <param name="Code">301, 302, 303, 307 or 308.</param>
/// <param name="Target">Where to, with variables such as $request_uri.</param>
internal sealed record RedirectSettings(int Code, string Target);

/// <summary>A field and its value.</summary>
/// <param name="Name">The name.</param>
/// <param name="Value">The value, which may have variables; empty to leave the field out.</param>
internal sealed record FieldSetting(string Name, string Value);

/// <summary>Fetch, Cross-Origin Resource Sharing.</summary>
internal sealed record CorsSettings
{
    /// <summary>Origins: *, whole ones, or with a star for one label as https://*.example.org.</summary>
    public ValueList<string> Origins { get; init; }

    /// <summary>Access-Control-Allow-Methods.</summary>
    public string Methods { get; init; } = "GET, PUT, POST, DELETE, PATCH, OPTIONS";

    /// <summary>Access-Control-Allow-Headers.</summary>
    public string Headers { get; init; } = "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization";

    /// <summary>Access-Control-Expose-Headers; empty for none.</summary>
    public string ExposedHeaders { get; init; } = "";

    /// <summary>Whether pages may send what the client is known by.</summary>
    public bool AllowsCredentials { get; init; } = true;

    /// <summary>How long browsers may remember it, in seconds.</summary>
    public int MaxAge { get; init; } = 1_728_000;
}

/// <summary>Names and passwords (RFC 7617).</summary>
/// <param name="Realm">What the client's user is shown.</param>
/// <param name="Users">Lines as htpasswd writes them. Null where they could not be had: nobody may ask.</param>
internal sealed record BasicAuthSettings(string Realm, ValueMap<string, string> Users)
{
    /// <summary>Passwords, even as hashes, are not for logs.</summary>
    public override string ToString() => $"{nameof(BasicAuthSettings)} {Realm}, {Users.Count} users";
}

/// <summary>A program that is asked about each request.</summary>
internal sealed record ForwardAuthSettings
{
    /// <summary>Its URL, with variables.</summary>
    public required string Url { get; init; }

    /// <summary>Where it is, when the URL names a Service of the cluster; null to find out by its host.</summary>
    public BackendRef? Service { get; init; }

    /// <summary>The method that it is asked by.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>Where clients are sent that it refuses by 401; null to pass its answer on.</summary>
    public string? SignIn { get; init; }

    /// <summary>The argument of <see cref="SignIn"/> that gets the URL that was asked for.</summary>
    public string SignInArgument { get; init; } = "rd";

    /// <summary>Fields of its answer that the backend gets.</summary>
    public ValueList<string> AnswerFields { get; init; }
}

/// <summary>How much one client may ask, by its address; on each node.</summary>
internal sealed record LimitSettings
{
    /// <summary>Requests a second; 0 for any number.</summary>
    public int PerSecond { get; init; }

    /// <summary>Requests a minute; 0 for any number.</summary>
    public int PerMinute { get; init; }

    /// <summary>How many times as many may come at once.</summary>
    public int BurstMultiplier { get; init; } = 5;

    /// <summary>Requests under way; 0 for any number.</summary>
    public int Connections { get; init; }

    /// <summary>Whom it does not concern.</summary>
    public ValueList<IpPrefix> Exempt { get; init; }
}

/// <summary>A cookie that names an endpoint.</summary>
internal sealed record AffinitySettings
{
    /// <summary>The cookie's name.</summary>
    public string Name { get; init; } = "INGRESSCOOKIE";

    /// <summary>Its attributes, as they are written behind the value: ; Path=/; HttpOnly.</summary>
    public string Attributes { get; init; } = "; Path=/; HttpOnly";

    /// <summary>Whether a client whose endpoint fails belongs to another one from then on.</summary>
    public bool ChangesOnFailure { get; init; }

    /// <summary>Whether clients of a canary stay with it, whatever its rules say.</summary>
    public bool KeepsCanary { get; init; } = true;
}

/// <summary>When another endpoint is asked for a request.</summary>
/// <param name="OnError">A connection that fails.</param>
/// <param name="OnTimeout">No answer in time.</param>
/// <param name="EvenIfUnsafe">Also for requests that may not be repeated.</param>
/// <param name="Tries">How many are asked at most; 0 for all.</param>
/// <param name="Statuses">Answers that are not taken while another endpoint can be asked.</param>
internal sealed record RetrySettings(bool OnError, bool OnTimeout, bool EvenIfUnsafe, int Tries, ValueList<int> Statuses);

/// <summary>Some requests go to another backend, to try it.</summary>
internal sealed record CanarySettings
{
    /// <summary>A field whose value says so: always, never, or that of <see cref="HeaderValue"/> or <see cref="HeaderPattern"/>; null for none.</summary>
    public string? Header { get; init; }

    /// <summary>The value that leads there; null for always and never.</summary>
    public string? HeaderValue { get; init; }

    /// <summary>The values that lead there.</summary>
    public string? HeaderPattern { get; init; }

    /// <summary>A cookie that says so: always or never; null for none.</summary>
    public string? Cookie { get; init; }

    /// <summary>How many of <see cref="Total"/> others go there.</summary>
    public int Weight { get; init; }

    /// <summary>See <see cref="Weight"/>.</summary>
    public int Total { get; init; } = 100;
}
