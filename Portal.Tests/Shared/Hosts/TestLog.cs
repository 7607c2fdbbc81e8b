using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Portal.Tests.Shared;

/// <summary>What the tests' hosts warn of, one file for all of them: <c>artifacts/tests.log</c>. The console is for results.</summary>
[ProviderAlias("Tests")]
internal sealed class TestLog : ILoggerProvider
{
    /// <summary>Of an exception: what it says, what caused it, and which of our own lines it came by.</summary>
    private const int LinesPerError = 12;

    private static readonly string File = Path.Combine(TestPostgres.Repository, "artifacts", "tests.log");
    private static readonly Lock Gate = new();

    /// <summary>A run begins with an empty file; the processes that it starts add to it.</summary>
    public static void Begin()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.Delete(File);
    }

    /// <summary>Sends the host's warnings here, and nothing anywhere else.</summary>
    public static void Use(WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders().AddProvider(new TestLog());
        builder.Logging.AddFilter<TestLog>(null, LogLevel.Warning);

        // The keys of a test's cookies lie in its database, unencrypted, and are gone with it.
        builder.Logging.AddFilter<TestLog>("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
    }

    /// <summary>
    /// Ends a host. Hangfire keeps the log of the host started last for the whole process, and would go on asking for it once that host is
    /// gone.
    /// </summary>
    public static async Task EndAsync(WebApplication app)
    {
        await app.StopAsync();
        Hangfire.Logging.LogProvider.SetCurrentLogProvider(null);
        await app.DisposeAsync();
    }

    public ILogger CreateLogger(string categoryName) => new Category(categoryName);

    public void Dispose() { }

    private static void Write(string text)
    {
        lock (Gate)
        {
            System.IO.File.AppendAllText(File, text);
        }
    }

    private sealed class Category(string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (IsEnabled(logLevel))
            {
                var time = TimeProvider.System.GetUtcNow().ToString("HH:mm:ss.fff", System.Globalization.CultureInfo.InvariantCulture);
                var message = formatter(state, exception).Split('\n')[0].TrimEnd(); // Entity Framework repeats the exception in it
                Write($"{time} {logLevel} {name}: {message}\n{string.Concat(Lines(exception).Select(line => $"    {line.Trim()}\n"))}");
            }
        }

        private static IEnumerable<string> Lines(Exception? error) =>
            (error?.ToString() ?? "")
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(line =>
                    line.StartsWith("   at Portal.", StringComparison.Ordinal)
                    || !(line.StartsWith("   at ", StringComparison.Ordinal) || line.StartsWith("   ---", StringComparison.Ordinal))
                )
                .Distinct(StringComparer.Ordinal)
                .Take(LinesPerError);
    }
}
