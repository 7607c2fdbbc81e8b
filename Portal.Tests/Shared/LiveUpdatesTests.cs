using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Tests.Shared;

[Trait("Needs", "database")]
public sealed class LiveUpdatesTests(TestPostgres postgres) : TestDatabase(postgres)
{
    [Fact]
    public async Task A_page_whose_session_has_ended_stops_refreshing_and_says_nothing_of_it()
    {
        var ct = TestContext.Current.CancellationToken;
        using var changes = new Changes(Source, NullLogger<Changes>.Instance);
        await changes.StartAsync(ct);
        await changes.Listening;
        var log = new Counting();
        var live = new LiveUpdates(changes, TimeProvider.System, log);
        var (ended, other) = (0, 0);
        using var listening = live.Subscribe(
            _ => true,
            () =>
            {
                Interlocked.Increment(ref ended);
                throw new UnauthorizedAccessException("Nobody is signed in.");
            }
        );
        using var beside = live.Subscribe(
            _ => true,
            () =>
            {
                Interlocked.Increment(ref other);
                return Task.CompletedTask;
            }
        );
        for (var time = 1; time <= 3; time++)
        {
            await using (var command = Source.CreateCommand($"SELECT pg_notify('{DatabaseObjects.Channel}', 'Instances acc-1 i-1')"))
            {
                await command.ExecuteNonQueryAsync(ct);
            }

            await Until.TrueAsync(() => Volatile.Read(ref other) >= time);
        }

        Assert.Equal(1, ended);
        Assert.Equal(0, log.Lines);
        await changes.StopAsync(ct);
    }

    private sealed class Counting : ILogger<LiveUpdates>
    {
        public int Lines { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Lines++;
    }
}
