using Microsoft.AspNetCore.Identity;
using Portal.Model.Accounts;
using Portal.Model.Networking;
using Portal.Model.Shared;

namespace Portal.Accounts;

/// <summary>
/// Makes a user with everything that an account begins with: a project, a private network, a security group. In the caller's transaction.
/// </summary>
public sealed class NewAccount(PortalDb db, UserManager<User> users, TrustLadder ladder, TimeProvider clock)
{
    /// <param name="email">As it is kept (<see cref="MailboxNames.Kept"/>).</param>
    public async Task<User> CreateAsync(string email, string password, OperatorRole? role = null, bool confirmed = false)
    {
        var now = clock.GetUtcNow();
        var account = new Account
        {
            Id = ResourceIds.New("acc"),
            Name = MailDomain.Shown(email),
            CreatedAt = now,
        };
        account.StepTo(ladder.First, ladder.Steps[ladder.First]);
        var project = new Project
        {
            Id = ResourceIds.New("prj"),
            AccountId = account.Id,
            Name = "default",
            CreatedAt = now,
        };
        var network = DefaultNetwork.For(project, now);
        db.Add(account);
        db.Add(project);
        db.Add(network);
        db.Add(DefaultNetwork.GroupOf(network, now));
        var id = Guid.CreateVersion7(now);
        var user = new User
        {
            Id = id,
            AccountId = account.Id,
            // Identity wants it unique, which an unconfirmed address is not.
            UserName = id.ToString("N"),
            Email = email,
            EmailConfirmed = confirmed,
            Role = role,
            CreatedAt = now,
        };
        var made = await users.CreateAsync(user, password);
        return made.Succeeded ? user : throw new InvalidOperationException($"The account was not made: {made.Errors.First().Code}");
    }
}
