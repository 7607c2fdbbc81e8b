using Portal.Model.Accounts;
using Portal.Model.Closing;
using Portal.Tests.Compute;

namespace Portal.Tests.Closing;

public sealed class AccountRulesTests
{
    private static readonly AccountContents Nothing = new(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, []);

    private readonly Account account = new()
    {
        Id = "acc-1",
        Name = "Ada",
        CreatedAt = AnAccount.Now,
    };

    [Fact]
    public void It_is_closed_once_and_says_in_which_state_it_is()
    {
        Assert.Equal("active", account.Status);
        Assert.True(account.RequestClose("ada@example.com", AnAccount.Now).IsDone);
        Assert.Equal(("closing", true), (account.Status, account.IsClosing));
        Assert.Equal("This account is closing already.", account.RequestClose(null, AnAccount.Now).Reason);
        Assert.Equal("ada@example.com", account.ClosingContact);
        account.ObserveClosed(AnAccount.Now);
        Assert.Equal(("closed", false, null), (account.Status, account.IsClosing, account.ClosingDeadline));
        Assert.Equal("This account is closed already.", account.WhyNotClose);
    }

    [Fact]
    public void Only_progress_moves_its_deadline()
    {
        account.RequestClose(null, AnAccount.Now);
        account.ObserveLeft(5, AnAccount.Now.AddMinutes(1));
        Assert.Equal(AnAccount.Now.AddMinutes(31), account.ClosingDeadline);
        account.ObserveLeft(5, AnAccount.Now.AddMinutes(10));
        account.ObserveLeft(7, AnAccount.Now.AddMinutes(11));
        Assert.Equal(AnAccount.Now.AddMinutes(31), account.ClosingDeadline);
        account.ObserveLeft(6, AnAccount.Now.AddMinutes(12));
        Assert.Equal(AnAccount.Now.AddMinutes(42), account.ClosingDeadline);
    }

    [Fact]
    public void Nothing_can_be_made_in_one_that_closes()
    {
        var user = new User
        {
            AccountId = account.Id,
            CreatedAt = AnAccount.Now,
            EmailConfirmed = true,
        };
        Assert.Null(CreateRule.WhyMayNotCreate(account, user));
        account.RequestClose(null, AnAccount.Now);
        Assert.Equal("This account is being closed.", CreateRule.WhyMayNotCreate(account, user));
    }

    [Fact]
    public void What_is_protected_is_named_and_an_operator_stays()
    {
        Assert.Null(CloseAccount.WhyNot(account, [], Nothing));
        Assert.Equal(
            "web is protected from termination: turn that off in its settings first.",
            CloseAccount.WhyNot(account, [], Nothing with { Protected = [("i-1", "web")] })
        );
        Assert.Equal(
            "db and web are protected from termination: turn that off in their settings first.",
            CloseAccount.WhyNot(account, [], Nothing with { Protected = [("i-2", "db"), ("i-1", "web")] })
        );
        var keeper = new User
        {
            AccountId = account.Id,
            CreatedAt = AnAccount.Now,
            Role = OperatorRole.Support,
        };
        Assert.StartsWith(
            "An operator of Portal signs in with this account, and an operator's account is not closed.",
            CloseAccount.WhyNot(account, [keeper], Nothing),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Of_who_belonged_to_it_nothing_is_left_that_could_sign_in()
    {
        var user = new User
        {
            AccountId = account.Id,
            CreatedAt = AnAccount.Now,
            Email = "ada@example.com",
            NormalizedEmail = "ADA@EXAMPLE.COM",
            EmailConfirmed = true,
            PasswordHash = "x",
            SecurityStamp = "s",
            TwoFactorEnabled = true,
        };
        user.Retire();
        Assert.Equal(
            (null, null, false, false, "ada@example.com"),
            (user.PasswordHash, user.NormalizedEmail, user.EmailConfirmed, user.TwoFactorEnabled, user.Email)
        );
        Assert.NotEqual("s", user.SecurityStamp);
    }
}
