using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>
/// That somebody's confirmed e-mail address became another one, or the second factor was turned on or off or replaced, or a passkey added.
/// Whoever reads the mailbox of before can undo it for a week, since a thief's first acts are to take the owner's mails away and to shut
/// him out by a factor of his own.
/// </summary>
public sealed class SignInChange : IOwned
{
    public static readonly TimeSpan UndoneWithin = TimeSpan.FromDays(7);

    /// <summary>
    /// Thrown away after this. What came within a week before a change goes with it, so how it was before that has to be known as long as
    /// the later one can be undone.
    /// </summary>
    public static readonly TimeSpan KeptFor = 2 * UndoneWithin;

    public required Guid Id { get; init; }

    public required Guid UserId { get; init; }

    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    /// <summary>The address before, which heard of it; the same as after where only a factor changed.</summary>
    [MaxLength(256)]
    public required string Old { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Whether a second factor was on before it.</summary>
    public required bool HadSecondFactor { get; init; }

    /// <summary>Hash of what the link in the mail to that address carries.</summary>
    [MaxLength(64)]
    public required string UndoKey { get; init; }

    /// <summary>When it was undone, or an earlier one was: then this one's mailbox has no say any more.</summary>
    public DateTimeOffset? UndoneAt { get; private set; }

    public bool CanBeUndone(DateTimeOffset now) => UndoneAt is null && now - At < UndoneWithin;

    /// <summary>The secret of a new link, in characters that an address may hold.</summary>
    public static string NewSecret() => RandomNumberGenerator.GetHexString(64, lowercase: true);

    public static string KeyOf(string secret) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}
