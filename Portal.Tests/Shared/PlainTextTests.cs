using Microsoft.EntityFrameworkCore;

namespace Portal.Tests.Shared;

/// <summary>Text as no database holds it, from an address or a circuit.</summary>
[Trait("Needs", "database")]
public sealed class PlainTextTests(TestPostgres postgres) : TestDatabase(postgres)
{
    /// <summary>No theory: what is written into an attribute is UTF-8, which holds no half of a pair.</summary>
    [Fact]
    public async Task What_cannot_be_stored_is_looked_for_in_vain_and_does_not_throw()
    {
        await LookForAsync("a\0b");
        await LookForAsync("a\ud83d");
        await LookForAsync("\udca9a");
    }

    private async Task LookForAsync(string text)
    {
        await using var db = CreateDbContext();
        string[] texts = ["b", text];
        Assert.False(
            await db.Users.AnyAsync(user => user.Email == text || texts.Contains(user.UserName), TestContext.Current.CancellationToken)
        );
        Assert.Equal(
            "\ufffd",
            (await db.Database.SqlQuery<string>($"SELECT {text} AS \"Value\"").SingleAsync(TestContext.Current.CancellationToken)).Trim(
                'a',
                'b'
            )
        );
        Assert.Equal(
            "💩",
            await db.Database.SqlQuery<string>($"SELECT {"💩"} AS \"Value\"").SingleAsync(TestContext.Current.CancellationToken)
        );
    }
}
