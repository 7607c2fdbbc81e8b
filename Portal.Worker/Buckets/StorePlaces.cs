namespace Portal.Worker.Buckets;

/// <summary>
/// How many resources of the object store may be worked on at a time. All kinds of resources share the places of the nudges and of the
/// queue: without a bound of their own, buckets whose store hangs, or that take an hour to be emptied, would take all of them, and machines
/// would wait. Who gets no place comes back; batches are short, so everybody has a turn.
/// </summary>
public sealed class StorePlaces : IDisposable
{
    public const int AtOnce = 4;
    public const int EmptyingAtOnce = 2;

    /// <summary>Changes of many objects, of which each comes for some batches and then makes place.</summary>
    public const int ChangingAtOnce = 2;

    private readonly SemaphoreSlim all = new(AtOnce);
    private readonly SemaphoreSlim emptying = new(EmptyingAtOnce);
    private readonly SemaphoreSlim changing = new(ChangingAtOnce);

    /// <summary>A place, to be given back; null if there is none now.</summary>
    public IDisposable? TryTake() => TryTake(all);

    /// <summary>One more, for a batch of a bucket that is emptied.</summary>
    public IDisposable? TryTakeToEmpty() => TryTake(emptying);

    /// <summary>For a turn of a change of many objects; it takes none of the others' places.</summary>
    public IDisposable? TryTakeToChange() => TryTake(changing);

    public void Dispose()
    {
        changing.Dispose();
        all.Dispose();
        emptying.Dispose();
    }

    private static Place? TryTake(SemaphoreSlim places) => places.Wait(0) ? new Place(places) : null;

    private sealed class Place(SemaphoreSlim places) : IDisposable
    {
        public void Dispose() => places.Release();
    }
}
