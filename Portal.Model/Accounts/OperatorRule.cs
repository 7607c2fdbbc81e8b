using Microsoft.EntityFrameworkCore;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// Who may do what operators do, asked of the database as it is now: pages and circuits outlive a role. Every verb of operators asks here
/// before anything else and says by <see cref="OperatorVerbAttribute"/> for whom it is.
/// </summary>
public static class OperatorRule
{
    public const string NotYours = "Your role does not allow this. Ask an Admin.";
    public const string NoFactor =
        "Operators need a second factor and a password of their own. Reload this page: it leads you to set them up, or asks for the factor you have.";

    /// <summary>Pages that are answered so ask for the proof and try again.</summary>
    public const string NotFresh = "Confirm with your second factor that it is you.";

    /// <summary>
    /// Null if <paramref name="actor"/> may change now what is for <paramref name="needed"/>.
    /// </summary>
    public static async Task<Refusal?> WhyNotOperatorAsync(
        this PortalDb db,
        Actor actor,
        OperatorRole needed,
        DateTimeOffset now,
        CancellationToken ct
    )
    {
        var found = await db
            .Sessions.AsNoTracking()
            .Where(session => session.Id == actor.SessionId && session.UserId == actor.UserId)
            .Join(
                db.WithFactor(),
                session => session.UserId,
                known => known.User.Id,
                (session, known) =>
                    new
                    {
                        Session = session,
                        known.User.Role,
                        known.HasFactor,
                        known.HasFirstPassword,
                    }
            )
            .SingleOrDefaultAsync(ct);
        return found switch
        {
            null => Refusal.Forbidden(NotYours),
            _ when !found.Session.Stands(now) || found.Role?.May(needed) is not true => Refusal.Forbidden(NotYours),
            { HasFactor: false } or { Session.FactorAt: null } or { HasFirstPassword: true } => Refusal.Forbidden(NoFactor),
            _ => found.Session.IsFactorFresh(actor, now) ? null : Refusal.Forbidden(NotFresh),
        };
    }
}

/// <summary>For whom a verb of operators is; a test calls each as somebody else and finds it refused.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OperatorVerbAttribute(OperatorRole needed) : Attribute
{
    public OperatorRole Needed { get; } = needed;
}
