using Kn.Linux.Namespaces;
using Kn.Linux.Netlink;
using Kn.NetnsTests;

namespace Kn.Linux.NetnsTests;

public sealed class NetworkNamespaceTests
{
    [Fact]
    public void Create_MakesANamespaceThatIpNetnsKnows()
    {
        using var test = new TestNamespace("knlx");
        Assert.Contains(test.Name, Tool.Run("ip", "netns", "list"), StringComparison.Ordinal);
        using var current = NetworkNamespace.OpenCurrent();
        Assert.NotEqual(current.Inode, test.Namespace.Inode);
        Assert.Equal(test.Namespace.Inode, test.Namespace.Run(() =>
        {
            using var inside = NetworkNamespace.OpenCurrent();
            return inside.Inode;
        }));
    }

    [Fact]
    public void Create_OfANameThatIsTaken_SaysSo()
    {
        using var test = new TestNamespace("knlx");
        var error = Assert.Throws<LinuxException>(() => NetworkNamespace.Create(test.Name));
        Assert.Equal(Errno.EEXIST, error.Errno);
        test.Ip("link", "show", "lo");
    }

    [Fact]
    public void Remove_IsIdempotent_AndRemovesHalfMadeNames()
    {
        NetworkNamespace.Remove("knlx-never-made");
        File.WriteAllText("/run/netns/knlx-half-made", "");
        NetworkNamespace.Remove("knlx-half-made");
        Assert.False(File.Exists("/run/netns/knlx-half-made"));
    }

    [Fact]
    public void Run_BringsTheBodysExceptionAndLeavesTheCallersThreadWhereItWas()
    {
        using var test = new TestNamespace("knlx");
        using var before = NetworkNamespace.OpenCurrent();
        var error = Assert.Throws<FormatException>(() => test.Namespace.Run(() => throw new FormatException("from inside")));
        Assert.Equal("from inside", error.Message);
        using var after = NetworkNamespace.OpenCurrent();
        Assert.Equal(before.Inode, after.Inode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    public void NamesThatAreNoFileName_AreRefused(string name) => Assert.Throws<ArgumentException>(() => NetworkNamespace.OpenNamed(name));

    [Fact]
    public void Open_OfWhatIsNoNamespace_FailsWithItsPath()
    {
        Assert.Contains("/nowhere/at/all", Assert.Throws<LinuxException>(() => NetworkNamespace.Open("/nowhere/at/all")).Message, StringComparison.Ordinal);
        foreach (var path in (string[])["/etc/passwd", "/proc/self/ns/mnt", "/dev/null", "/"])
        {
            var error = Assert.Throws<LinuxException>(() => NetworkNamespace.Open(path));
            Assert.Equal(Errno.EINVAL, error.Errno);
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Visit_IsInside_OnTheSameThread_AndComesBack_AlsoAfterAnException()
    {
        using var test = new TestNamespace();
        using var before = NetworkNamespace.OpenCurrent();
        var (thread, inode) = (0, 0UL);
        test.Namespace.Visit(() =>
        {
            using var inside = NetworkNamespace.OpenCurrent();
            (thread, inode) = (Environment.CurrentManagedThreadId, inside.Inode);
        });
        Assert.Equal((Environment.CurrentManagedThreadId, test.Namespace.Inode), (thread, inode));
        Assert.Throws<FormatException>(() => test.Namespace.Visit(static () => throw new FormatException()));
        using var after = NetworkNamespace.OpenCurrent();
        Assert.Equal(before.Inode, after.Inode);
    }

    [Fact]
    public void ManyCreatedAtOnce_AreAllDistinct()
    {
        var made = new TestNamespace[20];
        try
        {
            Parallel.For(0, made.Length, i => made[i] = new TestNamespace("knlxp"));
            Assert.Equal(made.Length, made.Select(test => test.Namespace.Inode).Distinct().Count());
        }
        finally
        {
            Array.ForEach(made, test => test?.Dispose());
        }
    }

    [Fact]
    public void ASocketOpenedInside_StaysInside()
    {
        using var test = new TestNamespace("knlx");
        using var socket = NetlinkSocket.Open(NetlinkProtocol.Route, test.Namespace);
        var names = DumpLinkNames(socket);
        Assert.Equal(["lo"], names);
    }

    private static List<string> DumpLinkNames(NetlinkSocket socket)
    {
        var writer = new NetlinkWriter(stackalloc byte[64]);
        var message = writer.BeginMessage(18, NetlinkFlags.Request | NetlinkFlags.Dump);
        writer.Append(16);
        writer.EndMessage(message);
        return socket.Dump<string>("list links", ref writer, static (in NetlinkMessage link, List<string> names) =>
        {
            var attributes = link.Attributes(16);
            while (attributes.MoveNext())
            {
                if (attributes.Type == 3)
                {
                    names.Add(attributes.ReadString());
                }
            }
        });
    }
}
