using Portal.Model.Shared;

namespace Portal.Model.Accounts;

/// <summary>Groups an account's resources. Every account begins with one, <c>default</c>.</summary>
public sealed class Project : Resource;
