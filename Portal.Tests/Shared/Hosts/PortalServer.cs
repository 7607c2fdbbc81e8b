using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Shared;

namespace Portal.Tests.Shared;

/// <summary>The real web on a free port of the loopback, in this process, against a test's database.</summary>
public sealed class PortalServer : IAsyncDisposable
{
    /// <summary>The password of everybody whom the tests make.</summary>
    public const string Password = "correct horse battery";

    private readonly WebApplication app;
    private readonly ConcurrentBag<IAsyncDisposable> visitors = [];
    private int people;

    private PortalServer(WebApplication app, Uri address) => (this.app, Address) = (app, address);

    /// <summary><c>http://localhost:PORT/</c>: a name rather than a number, since passkeys want a domain.</summary>
    public Uri Address { get; }

    public IServiceProvider Services => app.Services;

    /// <param name="database">A test's; the web uses it with its own role.</param>
    /// <param name="configure">Changes what the web consists of, e.g. replaces a service by a fake.</param>
    /// <param name="port">Of the loopback; a free one unless told.</param>
    /// <param name="settings">Configuration, e.g. <c>("Stripe:ApiBase", "http://127.0.0.1:1")</c>.</param>
    public static async Task<PortalServer> StartAsync(
        string database,
        Action<WebApplicationBuilder>? configure = null,
        int port = 0,
        params (string Key, string Value)[] settings
    )
    {
        var builder = WebApplication.CreateBuilder(
            new WebApplicationOptions
            {
                EnvironmentName = Environments.Development,
                ApplicationName = "Portal",
                ContentRootPath = Path.Combine(TestPostgres.Repository, "Portal"),
            }
        );
        TestLog.Use(builder);
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["ConnectionStrings:Portal"] = TestPostgres.As("web", database),
                ["KeyRing:File"] = TestPostgres.KeyRingFile,

                // All tests come from one address. The tests of the limits set their own.
                ["Accounts:PostsPerMinute"] = "100000",
                ["Accounts:PostsPerEmail"] = "100000",
                ["Accounts:SignUpsPerNetwork"] = "100000",
                ["Accounts:CardsPerNetwork"] = "100000",

                // Customers of tests are known already. The tests of the ladder set their own.
                ["Trust:FirstStep"] = "1",
            }
        );
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.AddPortal();
        // people come and sign in by the hundred
        builder.Services.Configure<PasswordHasherOptions>(hashing => hashing.IterationCount = 1000);
        configure?.Invoke(builder);
        var web = builder.Build();
        web.UsePortal();
        await web.StartAsync();
        var listening = new Uri(
            web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()
        ).Port;
        await web.Services.GetRequiredService<Changes>().Listening;
        return new PortalServer(web, new Uri($"http://localhost:{listening}/"));
    }

    /// <summary>A customer with all that signing up makes; the address is confirmed unless told otherwise. There is no card yet.</summary>
    public async Task<Person> AddPersonAsync(
        bool confirmed = true,
        bool isOperator = false,
        string? email = null,
        OperatorRole role = OperatorRole.Admin,
        bool enrolled = true
    )
    {
        await using var scope = Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<PortalDb>();
        await using var transaction = await db.Database.BeginTransactionAsync();
        email ??= $"person-{Interlocked.Increment(ref people)}@example.com";
        var user = await scope
            .ServiceProvider.GetRequiredService<NewAccount>()
            .CreateAsync(email, Password, isOperator ? role : null, confirmed);
        var key = isOperator && enrolled ? await EnrolAsync(scope.ServiceProvider.GetRequiredService<UserManager<User>>(), user) : null;
        await transaction.CommitAsync();
        return new Person(user.Id, user.AccountId, email) { FactorKey = key };
    }

    /// <summary>
    /// What the person's authenticator app shows now, good even if it was used: tests sign in more often than twice a minute.
    /// </summary>
    public async Task<string> CodeOfAsync(Person person)
    {
        await using var scope = Services.CreateAsyncScope();
        await scope
            .ServiceProvider.GetRequiredService<PortalDb>()
            .Users.Where(user => user.Id == person.UserId)
            .ExecuteUpdateAsync(set => set.SetProperty(user => user.LastCodeStep, (long?)null));
        return Totp.CodeOf(person.FactorKey!, Totp.StepOf(TimeProvider.System.GetUtcNow()));
    }

    private static async Task<string> EnrolAsync(UserManager<User> users, User user)
    {
        await users.ResetAuthenticatorKeyAsync(user);
        await users.SetTwoFactorEnabledAsync(user, true);
        return (await users.GetAuthenticatorKeyAsync(user))!;
    }

    /// <summary>A browser without a screen or scripts: keeps cookies, follows no redirects.</summary>
    public FormClient NewClient() => new(Address);

    /// <summary>The same, signed in as <paramref name="person"/>.</summary>
    public async Task<FormClient> NewClientAsync(Person person)
    {
        var client = NewClient();
        using var answer = await client.SubmitAsync("/sign-in", "Sign in", ("Email", person.Email), ("Password", Password));
        if (person.FactorKey is not null)
        {
            using var entered = await client.SubmitAsync("/sign-in/second-factor", ("Code", await CodeOfAsync(person)));
            return entered.StatusCode is HttpStatusCode.Found
                ? client
                : throw new InvalidOperationException($"The code was answered by {entered.StatusCode}.");
        }

        return answer.StatusCode is HttpStatusCode.Found
            ? client
            : throw new InvalidOperationException($"Signing in was answered by {answer.StatusCode}.");
    }

    /// <summary>
    /// A visitor leaves before the server ends: a page that stayed open would go on knocking at it, and cost all other tests time.
    /// </summary>
    public void Admit(IAsyncDisposable visitor) => visitors.Add(visitor);

    public async ValueTask DisposeAsync()
    {
        foreach (var visitor in visitors)
        {
            await visitor.DisposeAsync();
        }

        await TestLog.EndAsync(app);
    }
}

/// <summary>Somebody who can sign in with <see cref="PortalServer.Password"/>.</summary>
public sealed record Person(Guid UserId, string AccountId, string Email)
{
    /// <summary>Of the authenticator app that an operator has; null for anybody else.</summary>
    public string? FactorKey { get; init; }
}
