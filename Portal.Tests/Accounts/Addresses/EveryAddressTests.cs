using System.Net;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Tests.Shared;

namespace Portal.Tests.Accounts;

/// <summary>What holds for every address, whoever opens it: what it does, what its answer says, and what its page has.</summary>
[Trait("Needs", "database")]
public sealed class EveryAddressTests(OneServer one) : TenancyScene(one)
{
    [Fact]
    public async Task Every_page_for_somebody_signed_in_lets_him_sign_out()
    {
        var owner = await OwnerAsync();
        using var own = await Server.NewClientAsync(owner.Person);
        using var keeper = await Server.NewClientAsync(await Server.AddPersonAsync(isOperator: true));
        var seen = 0;
        foreach (
            var endpoint in Endpoints()
                .Where(endpoint =>
                    endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is not null
                    && Table[Pattern(endpoint)] is For.Own or For.OwnById or For.Operators
                )
        )
        {
            using var answer = await (Table[Pattern(endpoint)] is For.Operators ? keeper : own).GetAsync(owner.Fill(Pattern(endpoint)));
            if (answer.StatusCode is HttpStatusCode.OK)
            {
                seen++;
                Assert.True(
                    (await FormClient.ReadAsync(answer)).QuerySelector("form[action='/sign-out'] button") is not null,
                    $"{Pattern(endpoint)} has no way to sign out."
                );
            }
        }

        Assert.InRange(seen, 30, int.MaxValue);
    }

    [Fact]
    public async Task Every_page_says_quietly_that_no_real_card_is_charged()
    {
        var owner = await OwnerAsync();
        using var own = await Server.NewClientAsync(owner.Person);
        using var visitor = Server.NewClient();
        var seen = 0;
        foreach (var endpoint in Endpoints().Where(endpoint => endpoint.Metadata.GetMetadata<ComponentTypeMetadata>() is not null))
        {
            var client = Table[Pattern(endpoint)] is For.Everybody ? visitor : own;
            using var answer = await client.GetAsync(owner.Fill(Pattern(endpoint)));
            if (answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound)
            {
                seen++;
                Assert.True(
                    (await FormClient.ReadAsync(answer)).QuerySelector(".test-mode") is not null,
                    $"{Pattern(endpoint)} does not say it."
                );
            }
        }

        Assert.InRange(seen, 30, int.MaxValue);
    }

    /// <summary>Another site's page can lead anybody to any address, and a mail server opens links to look at them.</summary>
    [Fact]
    public async Task Opening_an_address_changes_nothing()
    {
        var owner = await OwnerAsync();
        using var own = await Server.NewClientAsync(owner.Person);
        using var keeper = await Server.NewClientAsync(await Server.AddPersonAsync(isOperator: true));
        var before = await RowsAsync();
        foreach (
            var endpoint in Endpoints()
                .Where(endpoint =>
                    Method(endpoint) == HttpMethod.Get && endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.SignalR.HubMetadata>() is null
                )
        )
        {
            using var answer = await OpenAsync(Table[Pattern(endpoint)] is For.Operators ? keeper : own, owner, endpoint);
        }

        Assert.Empty((await RowsAsync()).Except(before).Select(table => table.Key));
    }

    /// <summary>
    /// By those who are allowed to see it and by those who are not; pages, files, what scripts and programs ask for, and refusals.
    /// </summary>
    [Fact]
    public async Task Every_answer_says_its_type_and_charset_and_only_files_of_Portals_own_are_kept_by_anybody()
    {
        var owner = await OwnerAsync();
        using var own = await Server.NewClientAsync(owner.Person);
        using var keeper = await Server.NewClientAsync(await Server.AddPersonAsync(isOperator: true));
        using var visitor = Server.NewClient();
        var (seen, wrong) = (0, new List<string>());
        foreach (var endpoint in Endpoints().Where(endpoint => Method(endpoint) == HttpMethod.Get))
        {
            foreach (var client in (FormClient[])[Table[Pattern(endpoint)] is For.Operators ? keeper : own, visitor])
            {
                using var answer = await OpenAsync(client, owner, endpoint);
                seen++;
                wrong.AddRange(Faults(answer, isKept: Pattern(endpoint) is "/colours.css"));
            }
        }

        var assets = Server
            .Services.GetServices<EndpointDataSource>()
            .SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<StaticAssetDescriptor>() is not null)
            .Select(endpoint => endpoint.RoutePattern.RawText!)
            .DistinctBy(Path.GetExtension)
            .ToList();
        Assert.True(
            assets.Exists(name => name.EndsWith(".css", StringComparison.Ordinal))
                && assets.Exists(name => name.EndsWith(".js", StringComparison.Ordinal))
                && assets.Exists(name => name.EndsWith(".svg", StringComparison.Ordinal))
        );
        foreach (var path in assets)
        {
            using var answer = await visitor.GetAsync($"/{path.TrimStart('/')}");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            wrong.AddRange(Faults(answer, isKept: true));
        }

        foreach (var path in (string[])["/sign-out", "/buckets/none/uploads/begin", "/passkeys/request-options", "/not-there"])
        {
            using var content = new StringContent("nonsense");
            using var answer = await own.Http.PostAsync(new Uri(path, UriKind.Relative), content, TestContext.Current.CancellationToken);
            wrong.AddRange(Faults(answer, isKept: false));
        }

        Assert.Empty(wrong);
        Assert.InRange(seen, 100, int.MaxValue);
    }

    private static IEnumerable<string> Faults(HttpResponseMessage answer, bool isKept)
    {
        var (what, type) = (
            $"{answer.RequestMessage!.Method} {answer.RequestMessage.RequestUri!.PathAndQuery} ({(int)answer.StatusCode})",
            answer.Content.Headers.ContentType
        );
        if (type is null && answer.Content.Headers.ContentLength is not 0)
        {
            yield return $"{what} has no type.";
        }

        if (
            type?.MediaType is { } name
            && (name.StartsWith("text/", StringComparison.Ordinal) || name.EndsWith("xml", StringComparison.Ordinal))
            && type.CharSet is not "utf-8"
        )
        {
            yield return $"{what} is {type}.";
        }

        if (!isKept && answer.Headers.CacheControl?.NoStore is not true)
        {
            yield return $"{what} may be kept: {answer.Headers.CacheControl}.";
        }
    }

    /// <summary>Without what follows: one address is a stream that does not end.</summary>
    private static Task<HttpResponseMessage> OpenAsync(FormClient client, Owner owner, RouteEndpoint endpoint) =>
        client.Http.GetAsync(
            new Uri(owner.Fill(Pattern(endpoint)), UriKind.Relative),
            HttpCompletionOption.ResponseHeadersRead,
            TestContext.Current.CancellationToken
        );

    /// <summary>
    /// Of all tables, what is queued included; but for what is counted, when a session was last used, and the key of an authenticator app
    /// that is being offered, which also stamps its person.
    /// </summary>
    private async Task<IReadOnlyDictionary<string, string>> RowsAsync()
    {
        await using var db = CreateDbContext();
        var tables = await db
            .Database.SqlQuery<string>(
                $"""SELECT format('%I.%I', schemaname, tablename) AS "Value" FROM pg_tables WHERE schemaname = 'public' OR (schemaname, tablename) IN (('hangfire', 'job'))"""
            )
            .ToListAsync();
        Assert.InRange(tables.Count, 40, int.MaxValue);
        var rows = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var table in tables.Except(["public.\"Throttles\"", "public.\"AspNetUserTokens\""], StringComparer.Ordinal))
        {
#pragma warning disable EF1002 // the name is one that the database has just given, quoted
            rows[table] = await db
                .Database.SqlQueryRaw<string>(
                    $"""SELECT md5(COALESCE(string_agg((to_jsonb(t) - 'LastSeenAt' - 'ConcurrencyStamp')::text, ' ' ORDER BY to_jsonb(t)::text), '')) AS "Value" FROM {table} t"""
                )
                .SingleAsync();
#pragma warning restore EF1002
        }

        return rows;
    }
}
