using System.Globalization;
using Portal.Tests.Shared;

namespace Portal.Tests.EndToEnd;

/// <summary>How <c>bin/up</c> starts again what died, by a clock of the test's own: bash lets its seconds be set.</summary>
public sealed class RestartsTests
{
    private const string Script = """
        cd "$1"; state=$(mktemp -d); mkdir "$state/logs"; trap 'rm -r "$state"' EXIT
        printf 'It began.\nThe disk is full.\n\n' > "$state/logs/web.log"
        say() { case $* in *'is started again; its log is'*) ;; *) echo "$*" ;; esac; }
        run_part() { echo "start $1 at $at"; until=$((at + life)); }
        runs() { [ "$at" -lt "$until" ]; }
        . bin/restarts
        until=0
        for at in $(seq 1 "$2"); do SECONDS=$at; life=$3; watch_over web; done
        """;

    [Fact]
    public async Task What_dies_at_once_again_and_again_is_started_more_and_more_rarely_and_it_is_said_which_and_why()
    {
        var said = await RunAsync(seconds: 40, life: 1);
        Assert.Equal(
            [
                "start web at 1",
                "start web at 4",
                "web  ended 3 times in a row, and is started again in 4 s. It said last: The disk is full.",
                "start web at 9",
            ],
            said.Take(4)
        );
        Assert.Equal("web  ended 5 times in a row, and is started again in 16 s. It said last: The disk is full.", said[6]);
    }

    /// <summary>Without end: the seventh death once ended bin/up, and with it all that was well.</summary>
    [Fact]
    public async Task What_dies_for_hours_is_tried_each_minute_and_ends_nothing_else()
    {
        var starts = (await RunAsync(seconds: 600, life: 1)).Where(line => line.StartsWith("start", StringComparison.Ordinal)).ToArray();
        Assert.InRange(starts.Length, 12, 16);
        Assert.All(
            starts.TakeLast(6).Zip(starts.TakeLast(5)),
            pair =>
                Assert.Equal(
                    61,
                    int.Parse(pair.Second[13..], CultureInfo.InvariantCulture) - int.Parse(pair.First[13..], CultureInfo.InvariantCulture)
                )
        );
    }

    [Fact]
    public async Task What_had_lived_for_a_minute_is_started_again_at_once() =>
        Assert.Equal(["start web at 1", "start web at 71", "start web at 141"], await RunAsync(seconds: 150, life: 70));

    private static async Task<string[]> RunAsync(int seconds, int life) =>
        (await TestPostgres.RunAsync("/usr/bin/env", "bash", "-euc", Script, "sh", TestPostgres.Repository, $"{seconds}", $"{life}"))
            .TrimEnd()
            .Split('\n');
}
