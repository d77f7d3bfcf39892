using System.Globalization;

namespace Kn.Bench.Groups.Ingress;

/// <summary>Configs of peers, and what load generators say.</summary>
internal static class IngressPeers
{
    private const int UpstreamPort = 9000;

    /// <summary>Caddy as a reverse proxy on one core.</summary>
    public static string WriteCaddy(string folder, int port)
    {
        var path = $"{folder}/Caddyfile";
        File.WriteAllText(path, $$"""
            {
              admin off
              auto_https off
              persist_config off
              storage file_system {{folder}}/caddy
            }
            http://:{{port}} {
              reverse_proxy 127.0.0.1:{{UpstreamPort}}
            }
            """ + "\n");
        return path;
    }

    /// <summary>HAProxy as a reverse proxy of one thread.</summary>
    public static string WriteHaproxy(string folder, int port)
    {
        var path = $"{folder}/haproxy.cfg";
        File.WriteAllText(path, $"""
            global
              nbthread 1
              maxconn 8192
            defaults
              mode http
              timeout connect 5s
              timeout client 60s
              timeout server 60s
              option forwardfor
              http-reuse always
            frontend in
              bind 127.0.0.1:{port}
              default_backend web
            backend web
              server web 127.0.0.1:{UpstreamPort}
            """ + "\n");
        return path;
    }

    /// <summary>The time that 99 of 100 requests did not take, in µs, by h2load's log: when it began, its status, how long it took.</summary>
    public static double SlowestPercent(string log)
    {
        var times = new List<double>();
        foreach (var line in File.ReadLines(log))
        {
            var words = line.Split('\t');
            if (words.Length < 3 || words[1] != "200")
            {
                throw new InvalidOperationException($"h2load: a request ended with {line}");
            }

            times.Add(double.Parse(words[2], CultureInfo.InvariantCulture));
        }

        times.Sort();
        return times.Count == 0 ? throw new InvalidOperationException("h2load made no requests") : times[(int)(times.Count * 0.99)];
    }
}
