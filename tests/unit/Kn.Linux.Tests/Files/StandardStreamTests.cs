using System.Text;
using Kn.Linux.Files;
using Microsoft.Win32.SafeHandles;

namespace Kn.Linux.Tests.Files;

public sealed class StandardStreamTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void Output_GoesWhereTheDescriptorStands_NotOverWhatOthersWrote()
    {
        using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
        using var mine = new StandardStream(file, forReading: false);
        using var others = new StandardStream(new SafeFileHandle(file.DangerousGetHandle(), ownsHandle: false), forReading: false);
        mine.Write("one "u8);
        others.Write("two "u8);
        mine.Write("three"u8);
        Assert.Equal("one two three", File.ReadAllText(_path));
    }

    [Fact]
    public void Input_IsReadToItsEnd()
    {
        var text = new string('x', 100_000) + "end";
        File.WriteAllText(_path, text);
        using var file = File.OpenHandle(_path);
        using var input = new StandardStream(file, forReading: true);
        using var copy = new MemoryStream();
        input.CopyTo(copy);
        Assert.Equal(text, Encoding.ASCII.GetString(copy.ToArray()));
    }

    [Fact]
    public void ADescriptorOfTheWrongKind_IsAnErrorWithItsNumber()
    {
        using var file = File.OpenHandle(_path);
        using var output = new StandardStream(file, forReading: false);
        Assert.Equal(Errno.EBADF, Assert.Throws<LinuxException>(() => output.Write("x"u8)).Errno);
    }

    public void Dispose() => File.Delete(_path);
}
