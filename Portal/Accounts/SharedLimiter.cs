using System.Threading.RateLimiting;
using Npgsql;
using Portal.Model.Accounts;

namespace Portal.Accounts;

/// <summary>
/// So many within a window, counted by all web processes together. This process counts for itself first, so that a flood costs the database
/// no more than the limit; and when the database does not answer, what this process counted stands: behind it are guards that refuse then.
/// </summary>
public sealed partial class SharedLimiter(Throttles throttles, string what, int most, TimeSpan window, ILogger log) : RateLimiter
{
    private readonly FixedWindowRateLimiter own = new(
        new FixedWindowRateLimiterOptions
        {
            PermitLimit = most,
            Window = window,
            QueueLimit = 0,
        }
    );

    public override TimeSpan? IdleDuration => own.IdleDuration;

    public override RateLimiterStatistics? GetStatistics() => own.GetStatistics();

    /// <summary>Never without the database: the middleware then waits for the answer.</summary>
    protected override RateLimitLease AttemptAcquireCore(int permitCount) => Refused.Lease;

    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
    {
        var lease = own.AttemptAcquire(permitCount);
        if (!lease.IsAcquired)
        {
            return lease;
        }

        try
        {
            return await throttles.TryTakeAsync(what, most, window, cancellationToken) ? lease : Refused.Lease;
        }
        catch (Exception error)
            when (error is NpgsqlException or TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            LogAlone(log, error.Message);
            return lease;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            own.Dispose();
        }

        base.Dispose(disposing);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Forms could not be counted in the database; this process counts alone: {Reason}")]
    private static partial void LogAlone(ILogger log, string reason);

    private sealed class Refused : RateLimitLease
    {
        public static readonly Refused Lease = new();

        public override bool IsAcquired => false;

        public override IEnumerable<string> MetadataNames => [];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = null;
            return false;
        }
    }
}
