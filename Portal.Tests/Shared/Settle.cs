namespace Portal.Tests.Shared;

/// <summary>A worker's jobs, run by hand.</summary>
public static class Settle
{
    private const int MostRounds = 40;

    /// <summary>Advances as nudges and sweeps would, until nothing is left to do.</summary>
    public static async Task AllAsync(Func<Task<List<string>>> unsettled, Func<string, Task> advance)
    {
        for (var round = 0; round < MostRounds; round++)
        {
            var left = await unsettled();
            if (left.Count == 0)
            {
                return;
            }

            foreach (var id in left)
            {
                await advance(id);
            }
        }

        Assert.Fail($"Not settled: {string.Join(", ", await unsettled())}");
    }
}
