using System.Net;
using System.Text.Json;

namespace Portal.Model.Accounts;

/// <summary>The signed-in person on whose behalf something happens; every query and every audit row starts from here.</summary>
public sealed record Actor(string AccountId, Guid UserId, string Email, IPAddress? From)
{
    /// <summary>The sign-in by which the person acts; null for what Portal does by itself.</summary>
    public Guid? SessionId { get; init; }

    /// <summary>What Portal does by itself, in the worker.</summary>
    public static Actor Portal(string accountId) => new(accountId, Guid.Empty, "portal", null);

    public AuditEntry Audit(DateTimeOffset at, string action, string? resourceId, object? before = null, object? after = null) => new()
    {
        AccountId = AccountId,
        At = at,
        Actor = Email,
        From = From,
        Action = action,
        ResourceId = resourceId,
        Before = before is null ? null : JsonSerializer.Serialize(before),
        After = after is null ? null : JsonSerializer.Serialize(after),
    };
}
