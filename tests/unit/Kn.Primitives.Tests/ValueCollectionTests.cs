namespace Kn.Primitives.Tests;

public sealed class ValueCollectionTests
{
    private sealed record Piece(ValueList<string> Names, ValueMap<string, ValueList<int>> Ports);

    [Fact]
    public void Records_OfEqualContent_AreEqual()
    {
        var left = new Piece(["a", "b"], ValueMap.Of<string, ValueList<int>>(("x", [1, 2]), ("y", [])));
        var right = new Piece(new[] { "a", "b" }.ToValueList(), ValueMap.Of<string, ValueList<int>>(("y", []), ("x", [1, 2])));
        Assert.Equal(left, right);
        Assert.Equal(left.GetHashCode(), right.GetHashCode());
    }

    [Fact]
    public void Records_OfDifferentContent_Differ()
    {
        var piece = new Piece(["a", "b"], ValueMap.Of<string, ValueList<int>>(("x", [1, 2])));
        Assert.NotEqual(piece, piece with { Names = ["b", "a"] });
        Assert.NotEqual(piece, piece with { Names = ["a"] });
        Assert.NotEqual(piece, piece with { Ports = ValueMap.Of<string, ValueList<int>>(("x", [2, 1])) });
        Assert.NotEqual(piece, piece with { Ports = ValueMap.Of<string, ValueList<int>>(("z", [1, 2])) });
        Assert.NotEqual(piece, piece with { Ports = default });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(500)]
    public void Map_OfAnySize_FindsItsKeysAndNoOthers(int count)
    {
        var map = Enumerable.Range(0, count).Select(static i => KeyValuePair.Create($"k{i}", i)).ToValueMap();
        Assert.Equal(count, map.Count);
        Assert.All(Enumerable.Range(0, count), i => Assert.Equal(i, map[$"k{i}"]));
        Assert.False(map.TryGetValue("absent", out _));
        Assert.Throws<KeyNotFoundException>(() => map["absent"]);
        Assert.Equal(map, map.Reverse().ToValueMap());
        Assert.Equal(Enumerable.Range(0, count), map.Values.Order());
    }

    [Fact]
    public void Defaults_AreEmpty()
    {
        Assert.Equal(ValueList<int>.Empty, default);
        Assert.True(default(ValueList<int>).IsEmpty);
        Assert.Empty(default(ValueMap<string, int>));
        Assert.Equal("[]", default(ValueList<int>).ToString());
    }

    [Fact]
    public void List_IsACopy()
    {
        int[] source = [1, 2, 3];
        var list = source.ToValueList();
        source[0] = 9;
        Assert.Equal(1, list[0]);
    }
}
