using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// That somebody's confirmed e-mail address became another one. Whoever reads the old mailbox can undo it for a week, since a thief's first
/// act is to take the owner's mails away. Thrown away when that time is over.
/// </summary>
public sealed class AddressChange : IOwned
{
    public static readonly TimeSpan UndoneWithin = TimeSpan.FromDays(7);

    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    /// <summary>The address before.</summary>
    [MaxLength(256)]
    public required string Old { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Whether a second factor was on: one that came after it may be a thief's.</summary>
    public required bool HadSecondFactor { get; init; }

    /// <summary>Hash of what the link in the mail to the old address carries.</summary>
    [MaxLength(64)]
    public required string UndoKey { get; init; }

    /// <summary>When it was undone, or an earlier one was: then this one's mailbox has no say any more.</summary>
    public DateTimeOffset? UndoneAt { get; private set; }

    public bool CanBeUndone(DateTimeOffset now) => UndoneAt is null && now - At < UndoneWithin;

    /// <summary>The secret of a new link, in characters that an address may hold.</summary>
    public static string NewSecret() => RandomNumberGenerator.GetHexString(64, lowercase: true);

    public static string KeyOf(string secret) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
