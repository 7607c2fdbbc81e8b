namespace Portal.Shared;

/// <summary>
/// Which lines of a list are ticked: some by their ids, or all that match the filter except some. Small, however long the list.
/// </summary>
public sealed class ListSelection
{
    private readonly HashSet<string> ids = new(StringComparer.Ordinal);

    /// <summary>All that match are meant, the ones never scrolled to included.</summary>
    public bool All { get; private set; }

    public bool IsEmpty => !All && ids.Count == 0;

    /// <summary>The ids that were ticked one by one; of all, those that were unticked.</summary>
    public IReadOnlyList<string> Marked => [.. ids];

    public bool Has(string id) => All != ids.Contains(id);

    public int Count(int matching) => All ? Math.Max(0, matching - ids.Count) : ids.Count;

    public void Set(string id, bool ticked)
    {
        if (ticked != All)
        {
            ids.Add(id);
        }
        else
        {
            ids.Remove(id);
        }
    }

    public void SetAll(bool all)
    {
        All = all;
        ids.Clear();
    }

    /// <summary>The ids that are meant, out of all that match.</summary>
    public IReadOnlyList<string> Of(IEnumerable<string> matching) => All ? [.. matching.Where(id => !ids.Contains(id))] : [.. ids];
}
