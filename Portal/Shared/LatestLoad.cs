namespace Portal.Shared;

/// <summary>
/// Loadings of one page may overlap, and an older one may end last: what it read must not replace what a later one has read.
/// </summary>
public sealed class LatestLoad
{
    private int begun;
    private int shown;

    public int Begin() => ++begun;

    /// <summary>Whether what the loading numbered <paramref name="turn"/> has read is to be shown: nothing begun later has been.</summary>
    public bool IsCurrent(int turn)
    {
        if (turn < shown)
        {
            return false;
        }

        shown = turn;
        return true;
    }
}
