using System.Net;
using Kn.Lab.ApiServer.Http;
using Kn.Lab.ApiServer.Kinds;
using Kn.Lab.ApiServer.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kn.Lab.ApiServer;

/// <summary>A Kubernetes API server in memory: what kubectl, Kn and the lab's controllers need of one.</summary>
/// <remarks>Everybody who is authenticated (the kubeconfig's certificate or token) may do everything. Server-side apply merges
/// and knows no field managers; field validation is ignored. The README beside this file has the whole list.</remarks>
public sealed class LabApiServer : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly CancellationTokenSource _stopping;

    private LabApiServer(WebApplication web, CancellationTokenSource stopping, string kubeconfig, IPEndPoint endPoint)
    {
        _web = web;
        _stopping = stopping;
        Kubeconfig = kubeconfig;
        EndPoint = endPoint;
    }

    /// <summary>Path of the administrator's kubeconfig.</summary>
    public string Kubeconfig { get; }

    /// <summary>Where it listens, with the port that was picked.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Starts serving; returns when requests are answered.</summary>
    /// <exception cref="IOException">The port is taken.</exception>
    public static Task<LabApiServer> StartAsync(LabApiServerOptions options, CancellationToken cancellationToken) =>
        StartAsync(options, NullLogger.Instance, cancellationToken);

    /// <summary>Starts serving, with a log for what goes wrong inside.</summary>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<LabApiServer> StartAsync(LabApiServerOptions options, ILogger logger, CancellationToken cancellationToken)
    {
        var advertised = options.AdvertiseAddress ?? (options.BindAddress.Equals(IPAddress.Any) ? IPAddress.Loopback : options.BindAddress);
        var serviceAddresses = options.ServicePrefixes.Select(static prefix => prefix.Address.Add(1).ToIPAddress());
        var identity = ServerIdentity.LoadOrCreate(options, [options.BindAddress, advertised, .. serviceAddresses]);
        var registry = MakeRegistry(options);
        var stopping = new CancellationTokenSource();
        var dispatcher = new RequestDispatcher(registry, new Authenticator(identity.Token), options, logger, stopping.Token);

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options, identity));
        var web = builder.Build();
        web.Run(dispatcher.HandleAsync);
        await web.StartAsync(cancellationToken);

        var endPoint = new IPEndPoint(options.BindAddress, PortOf(web));
        var kubeconfig = identity.WriteKubeconfig($"https://{new IPEndPoint(advertised, endPoint.Port)}");
        FirstObjects.Create(registry, options, new IPEndPoint(advertised, endPoint.Port));
        return new LabApiServer(web, stopping, kubeconfig, endPoint);
    }

    /// <summary>Stops serving; what was stored is gone.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _web.StopAsync(CancellationToken.None);
        await _web.DisposeAsync();
        _stopping.Dispose();
    }

    private static ObjectRegistry MakeRegistry(LabApiServerOptions options)
    {
        var services = new ServiceAllocation(options.ServicePrefixes, Random.Shared);
        var kinds = new KindCatalog(services, new CustomKinds());
        return new ObjectRegistry(new ObjectStore(options.WatchHistory), kinds, options.Time);
    }

    private static void Configure(KestrelServerOptions kestrel, LabApiServerOptions options, ServerIdentity identity)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = RequestBody.MaxBytes + 1;
        // A watch may be silent, or its reader slow, for minutes.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;
        kestrel.Listen(options.BindAddress, options.Port, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(https =>
            {
                https.ServerCertificate = identity.Server;
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.ClientCertificateValidation = (certificate, _, _) => identity.IsOurs(certificate);
            });
        });
    }

    private static int PortOf(WebApplication web)
    {
        var addresses = web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses;
        return new Uri(addresses?.FirstOrDefault() ?? throw new InvalidOperationException("the server listens nowhere")).Port;
    }

    // The process belongs to whoever started the server: no signal handlers here.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
