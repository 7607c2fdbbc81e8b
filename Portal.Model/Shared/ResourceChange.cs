namespace Portal.Model.Shared;

/// <summary>What came of a request for one of several resources.</summary>
/// <param name="Name">Null if the account has no such one.</param>
public sealed record ResourceChange(string Id, string? Name, Outcome Outcome);
