using Portal.Model.Compute;

namespace Portal.Compute;

/// <summary>
/// Looks at user data that may hold much more than it seems, one at a time for the whole process: a few hundred bytes can take a tenth of a
/// second of a processor, and every page may send some with each letter that is typed. Whoever waits holds no thread.
/// </summary>
public static class UserDataLook
{
    private static readonly SemaphoreSlim Turn = new(1);

    /// <param name="text">What <paramref name="look"/> looks at.</param>
    /// <param name="look">Asked when it is its turn: by then there may be nothing to look at any more.</param>
    public static async Task<string?> WhyNotAsync(string? text, Func<string?> look, CancellationToken ct)
    {
        if (UserData.IsPlain(text))
        {
            return look();
        }

        await Turn.WaitAsync(ct);
        try
        {
            return await Task.Run(look, ct);
        }
        finally
        {
            Turn.Release();
        }
    }
}
