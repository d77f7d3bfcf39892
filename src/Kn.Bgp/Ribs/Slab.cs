using System.Runtime.CompilerServices;

namespace Kn.Bgp.Ribs;

/// <summary>Structs in chunks, known by numbers from 1: grows without copying, and what is returned is used again.</summary>
internal sealed class Slab<T>
    where T : struct
{
    private const int ChunkBits = 11;
    private const int ChunkSize = 1 << ChunkBits;

    private readonly List<T[]> _chunks = [];
    private readonly Stack<int> _free = new();
    private T[][] _view = [];

    /// <summary>The highest number that was ever given.</summary>
    internal int Highest { get; private set; }

    internal ref T this[int number]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref _view[number >> ChunkBits][number & (ChunkSize - 1)];
    }

    /// <summary>A number whose struct is the default value.</summary>
    internal int Rent()
    {
        if (_free.TryPop(out var number))
        {
            return number;
        }

        number = ++Highest;
        if (number >> ChunkBits >= _chunks.Count)
        {
            _chunks.Add(new T[ChunkSize]);
            _view = [.. _chunks];
        }

        return number;
    }

    internal void Return(int number)
    {
        this[number] = default;
        _free.Push(number);
    }
}
