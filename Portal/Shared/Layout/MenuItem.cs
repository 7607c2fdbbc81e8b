namespace Portal.Shared;

/// <param name="Why">Why it cannot be done now, as a sentence; null if it can.</param>
public sealed record MenuItem(string Label, string? Why, Func<Task> Press, bool IsDangerous = false);
