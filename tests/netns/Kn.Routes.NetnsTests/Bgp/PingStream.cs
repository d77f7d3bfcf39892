using System.Diagnostics;
using System.Globalization;
using Kn.NetnsTests;

namespace Kn.Routes.NetnsTests.Bgp;

/// <summary>A hundred packets a second from one address to another, until it is disposed of.</summary>
internal sealed class PingStream : IDisposable
{
    private readonly Process _process;
    private readonly HashSet<int> _answered = [];
    private int _highest;

    public PingStream(TestNamespace space, string from, string to)
    {
        _process = Tool.Start("ip", "netns", "exec", space.Name, "ping", "-n", "-i", "0.01", "-I", from, to);
        _process.OutputDataReceived += (_, line) => See(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The last packet that was answered.</summary>
    public int Highest
    {
        get
        {
            lock (_answered)
            {
                return _highest;
            }
        }
    }

    /// <summary>How many were not answered before the last one that was; asked when packets of now have had the time to be.</summary>
    public int Lost()
    {
        var now = Highest;
        Eventually.True(() => Highest > now + 20, "packets flow");
        lock (_answered)
        {
            return _highest - _answered.Count;
        }
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private void See(string line)
    {
        const string Mark = "icmp_seq=";
        var at = line.IndexOf(Mark, StringComparison.Ordinal);
        if (at < 0 || !line.Contains("bytes from", StringComparison.Ordinal))
        {
            return;
        }

        var number = line.AsSpan(at + Mark.Length);
        number = number[..number.IndexOf(' ')];
        lock (_answered)
        {
            var sequence = int.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture);
            _answered.Add(sequence);
            _highest = Math.Max(_highest, sequence);
        }
    }
}
