using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>How an account comes to its end: all that it has goes, what it used and what was done in it stays.</summary>
public sealed partial class Account
{
    /// <summary>Between two moments at which less is left.</summary>
    public static readonly TimeSpan ClosingLimit = TimeSpan.FromMinutes(30);

    public bool IsClosing => ClosingSince is not null && ClosedAt is null;

    public string Status =>
        ClosedAt is not null ? "closed"
        : ClosingSince is not null ? "closing"
        : SuspendedAt is not null ? "suspended"
        : "active";

    public string? WhyNotClose => ClosingSince is null ? null : $"This account is {Status} already.";

    /// <param name="contact">See <see cref="ClosingContact"/>.</param>
    public Outcome RequestClose(string? contact, DateTimeOffset now)
    {
        if (WhyNotClose is { } reason)
        {
            return Refusal.State(reason);
        }

        (ClosingSince, ClosingContact, ClosingDeadline) = (now, contact, now + ClosingLimit);
        return Outcome.Done;
    }

    /// <summary>So much is left. Less than before is progress, and moves the deadline on; the same again changes nothing.</summary>
    public void ObserveLeft(long left, DateTimeOffset now)
    {
        if (left < (ClosingLeft ?? long.MaxValue))
        {
            ClosingDeadline = now + ClosingLimit;
        }

        ClosingLeft = left;
    }

    public void ObserveClosed(DateTimeOffset now) => (ClosedAt, ClosingLeft, ClosingDeadline) = (now, 0, null);
}
