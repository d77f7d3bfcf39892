using Kn.Hosting.Modules;
using Kn.Hosting.Reconciling;
using Kn.Ingress.Planning;
using Kn.Kubernetes.Cache;
using Kn.Kubernetes.Objects;
using Kn.Linux.Tls;
using Kn.Primitives;
using Microsoft.Extensions.Logging;

namespace Kn.Ingress.Tls;

/// <summary>What the module has for TLS: the certificates, what drives them, and what shows them.</summary>
internal sealed class TlsParts : IDisposable
{
    /// <summary>How often files and keys are looked after.</summary>
    private static readonly TimeSpan s_care = TimeSpan.FromMinutes(1);

    /// <summary>How long clients of HTTPS wait at a start for the certificates, which no snapshot holds.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly ReconcileLoop<string, HostCertificate> _loop;
    private readonly DefaultCertificateFile _file;
    private readonly TimeProvider _time;

    /// <summary>The parts, as the config wants them.</summary>
    public TlsParts(IngressOptions options, ClassRules classes, ModuleContext context, ILogger logger)
    {
        _time = context.Time;
        var tls = options.Tls;
        var settings = new TlsServerSettings { AllowsTls12 = tls.MinVersion == "1.2", Ciphers = tls.Ciphers.Length > 0 ? tls.Ciphers : TlsServerSettings.StrongCiphers, Protocols = Protocols };
        Front = new TlsFront(settings, Certificates, tls.SessionTickets ? new TicketKeys(TicketFile(context), context.Time) : null, logger);
        _file = new DefaultCertificateFile(tls.CertificateFile, tls.KeyFile, Certificates, logger);
        var target = new CertificateTarget(Certificates, classes, tls.DefaultSecret, new CertificateEvents(context.Events, context.Node.Name));
        _loop = new ReconcileLoop<string, HostCertificate>(target, [.. Watches, new WatchRequest(ResourceKinds.Ingresses), new WatchRequest(ResourceKinds.IngressClasses)], context);
    }

    /// <summary>What is read for it beyond what routes are made of.</summary>
    public static IReadOnlyList<WatchRequest> Watches { get; } = [new WatchRequest(ResourceKinds.Secrets, $"type={Secret.TlsType}")];

    /// <summary>What is spoken inside, the preferred one first.</summary>
    public static ValueList<string> Protocols => ["h2", "http/1.1"];

    /// <summary>What clients are shown.</summary>
    public LiveCertificates Certificates { get; } = new();

    /// <summary>What shows it.</summary>
    public TlsFront Front { get; }

    /// <summary>Where keys of tickets are kept over a restart.</summary>
    public static string TicketFile(ModuleContext context) => Path.Combine(context.Node.Paths.Run, "ingress-tickets");

    /// <summary>Keeps the certificates live until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _file.ReadIfChanged();
        await await Task.WhenAny(_loop.RunAsync(cancellationToken), CareAsync(cancellationToken));
    }

    /// <summary>Done when the certificates are known, or it would be wrong to wait for them any longer.</summary>
    public Task WhenKnownAsync(CancellationToken cancellationToken) => Task.WhenAny(_loop.WhenConverged, Task.Delay(s_patience, _time, cancellationToken));

    /// <inheritdoc/>
    public void Dispose() => Front.Dispose();

    private async Task CareAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_care, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            _file.ReadIfChanged();
            Front.RenewTickets();
        }
    }
}
