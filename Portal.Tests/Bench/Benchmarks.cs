using Portal.Tests.Shared;

namespace Portal.Tests.Bench;

/// <summary><c>Portal.Tests bench [--json FILE] [NAME…]</c>, called by <c>bin/bench</c>.</summary>
internal static class Benchmarks
{
    private static readonly (string Name, Func<TestPostgres, Task<IReadOnlyList<Figure>>> Run)[] All =
    [
        ("click", ClickToEngine.RunAsync),
        ("list", ListPage.RunAsync),
        ("webhooks", WebhookRate.RunAsync),
        ("circuits", CircuitMemory.RunAsync),
        ("metrics", MetricsLook.RunAsync),
        ("ssh", CreateToSsh.RunAsync),
        ("rules", RuleChange.RunAsync),
        ("volumes", VolumeVerbs.RunAsync),
        ("upload", BucketUpload.RunAsync),
        ("objects", ObjectListPage.RunAsync),
        ("usage", BucketUsage.RunAsync),
        ("up", WholeMachine.RunAsync),
    ];

    /// <summary>What takes longer than all the others together is run when it is named.</summary>
    private static readonly (string Name, Func<TestPostgres, Task<IReadOnlyList<Figure>>> Run)[] ByNameOnly =
    [
        ("emptying", BucketEmptying.RunAsync),
    ];

    public static async Task<int> RunAsync(string[] args)
    {
        TestLog.Begin();
        var json = args is ["--json", var file, ..] ? file : null;
        var names = args.Skip(json is null ? 0 : 2).ToArray();
        var known = All.Concat(ByNameOnly).ToList();
        if (names.FirstOrDefault(name => !known.Exists(bench => bench.Name == name)) is { } unknown)
        {
            await Console.Error.WriteLineAsync(
                $"There is no benchmark {unknown}; there are {string.Join(", ", known.Select(bench => bench.Name))}."
            );
            return 2;
        }

        var figures = new List<Figure>();
        foreach (var (name, run) in names.Length == 0 ? All : known.Where(bench => names.Contains(bench.Name, StringComparer.Ordinal)))
        {
            // With fsync, unlike the tests' usual cluster: a benchmark of durable writes must wait for the disk.
            await using var postgres = new TestPostgres { Durable = true };
            foreach (var figure in await run(postgres))
            {
                Console.WriteLine(figure);
                figures.Add(figure);
            }
        }

        if (json is not null)
        {
            await File.WriteAllTextAsync(json, Figure.ToJson(figures));
        }

        return figures.TrueForAll(figure => figure.Holds is not false) ? 0 : 1;
    }
}
