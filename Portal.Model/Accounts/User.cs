using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Identity;
using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>A person who signs in. Belongs to one account.</summary>
public sealed class User : IdentityUser<Guid>, IOwned
{
    [MaxLength(ResourceIds.MaxLength)]
    public required string AccountId { get; init; }

    /// <summary>What this person may do in the operators' console; null for customers.</summary>
    public OperatorRole? Role { get; set; }

    public bool IsOperator => Role is not null;

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>
    /// Time step of the last code of the authenticator app that was accepted, in half minutes since 1970: only later ones are. Written by
    /// statements of its own.
    /// </summary>
    public long? LastCodeStep { get; private set; }

    /// <summary>
    /// Its account is closed: what could sign in is gone, cookies and mailed links of before are worth nothing, and the address is free.
    /// The address itself stays readable: the audit and the bills are in its name.
    /// </summary>
    public void Retire()
    {
        (PasswordHash, TwoFactorEnabled) = (null, false);
        (NormalizedEmail, EmailConfirmed) = (null, false);
        SecurityStamp = Guid.NewGuid().ToString("N");

        // Identity writes whole rows: a request that had read this one before must not bring the password back.
        ConcurrencyStamp = Guid.NewGuid().ToString();
    }
}
