namespace Portal.Monitoring;

/// <summary>Somebody of the account, at the address that he has confirmed.</summary>
public sealed record AlertAddress(Guid UserId, string Email);
