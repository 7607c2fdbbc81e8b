using System.Reflection;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Portal.Accounts;
using Portal.Model.Accounts;
using Portal.Model.Shared;
using Portal.Tests.Shared;

namespace Portal.Tests.Operators;

/// <summary>What operators look at and what they do, each for whom: a page or verb that is not listed here fails.</summary>
[Trait("Needs", "database")]
public sealed class OperatorVerbsTests(OneServer one) : OneServerTests(one)
{
    private static readonly Dictionary<string, string> Pages = new(StringComparer.Ordinal)
    {
        ["/operator"] = Policies.Operator,
        ["/operator/accounts"] = Policies.Operator,
        ["/operator/accounts/{Id}"] = Policies.Operator,
        ["/operator/enrol"] = Policies.Enrolling,
        ["/operator/images"] = Policies.Operator,
        ["/operator/object-stores"] = Policies.Operator,
        ["/operator/operators"] = Policies.Admin,
    };

    private static readonly Dictionary<string, OperatorRole> Verbs = new(StringComparer.Ordinal)
    {
        ["CustomerAccounts.ResumeAsync"] = OperatorRole.Billing,
        ["CustomerAccounts.StepAsync"] = OperatorRole.Billing,
        ["CustomerAccounts.SuspendAsync"] = OperatorRole.Billing,
        ["ImageCatalogue.AddAsync"] = OperatorRole.Infrastructure,
        ["ImageCatalogue.RetireAsync"] = OperatorRole.Infrastructure,
        ["EnterObjectStore.RunAsync"] = OperatorRole.Infrastructure,
        ["EnterObjectStore.WithdrawAsync"] = OperatorRole.Infrastructure,
        ["LostFactors.AnnounceAsync"] = OperatorRole.Admin,
        ["LostFactors.WithdrawAsync"] = OperatorRole.Admin,
        ["OutboundMail.SetAsync"] = OperatorRole.Infrastructure,
        ["Reconciliation.RunAsync"] = OperatorRole.Admin,
        ["OperatorTeam.EndSessionsAsync"] = OperatorRole.Admin,
        ["OperatorTeam.SetRoleAsync"] = OperatorRole.Admin,
    };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_page_of_operators_is_listed_with_its_role()
    {
        var found = typeof(WebHost)
            .Assembly.GetTypes()
            .SelectMany(type => type.GetCustomAttributes<RouteAttribute>(inherit: false).Select(route => (route.Template, Type: type)))
            .Where(page => page.Template.Split('/')[1] is "operator")
            .ToDictionary(
                page => page.Template,
                page => page.Type.GetCustomAttributes<AuthorizeAttribute>().Select(rule => rule.Policy).OfType<string>().Single(),
                StringComparer.Ordinal
            );
        Assert.Equal(Pages.OrderBy(page => page.Key, StringComparer.Ordinal), found.OrderBy(page => page.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Every_verb_of_operators_is_listed_with_its_role()
    {
        var found = Methods()
            .ToDictionary(NameOf, verb => verb.GetCustomAttribute<OperatorVerbAttribute>()?.Needed, StringComparer.Ordinal);
        Assert.Equal(
            Verbs
                .Select(verb => KeyValuePair.Create(verb.Key, (OperatorRole?)verb.Value))
                .OrderBy(verb => verb.Key, StringComparer.Ordinal),
            found.OrderBy(verb => verb.Key, StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task Every_verb_refuses_every_role_but_its_own_and_Admin_by_what_the_database_says_now()
    {
        foreach (var verb in Methods())
        {
            var needed = verb.GetCustomAttribute<OperatorVerbAttribute>()!.Needed;
            foreach (var role in Enum.GetValues<OperatorRole>().Select(role => (OperatorRole?)role).Append(null))
            {
                var refused = await CallAsync(verb, await AnOperator.AddAsync(this, role)) is OperatorRule.NotYours;
                Assert.True(
                    refused == !(role?.May(needed) ?? false),
                    $"{NameOf(verb)} is for {needed}, and {role?.ToString() ?? "a customer"} was {(refused ? "refused" : "not refused")}."
                );
            }
        }
    }

    [Fact]
    public async Task Every_verb_refuses_who_was_an_operator_until_a_moment_ago_and_whose_session_has_ended()
    {
        foreach (var verb in Methods())
        {
            var (former, ended) = (
                await AnOperator.AddAsync(this, OperatorRole.Admin),
                await AnOperator.AddAsync(this, OperatorRole.Admin)
            );
            await using var db = CreateDbContext();
            await db
                .Users.Where(user => user.Id == former.UserId)
                .ExecuteUpdateAsync(set => set.SetProperty(user => user.Role, (OperatorRole?)null), Ct);
            await db
                .Sessions.Where(session => session.Id == ended.SessionId)
                .ExecuteUpdateAsync(set => set.SetProperty(session => session.RevokedAt, session => session.CreatedAt), Ct);
            Assert.Equal((OperatorRule.NotYours, OperatorRule.NotYours), (await CallAsync(verb, former), await CallAsync(verb, ended)));
        }
    }

    [Fact]
    public async Task Every_verb_refuses_who_has_no_second_factor_and_asks_again_after_fifteen_minutes()
    {
        foreach (var verb in Methods())
        {
            var (without, unproven, stale, elsewhere) = (
                await AnOperator.AddAsync(this, OperatorRole.Admin),
                await AnOperator.AddAsync(this, OperatorRole.Admin),
                await AnOperator.AddAsync(this, OperatorRole.Admin),
                await AnOperator.AddAsync(this, OperatorRole.Admin)
            );
            await using var db = CreateDbContext();
            await db
                .Users.Where(user => user.Id == without.UserId)
                .ExecuteUpdateAsync(set => set.SetProperty(user => user.TwoFactorEnabled, false), Ct);
            await db
                .Sessions.Where(session => session.Id == unproven.SessionId)
                .ExecuteUpdateAsync(set => set.SetProperty(session => session.FactorAt, (DateTimeOffset?)null), Ct);
            var longAgo = TimeProvider.System.GetUtcNow().AddMinutes(-16);
            await db
                .Sessions.Where(session => session.Id == stale.SessionId)
                .ExecuteUpdateAsync(set => set.SetProperty(session => session.FactorAt, longAgo), Ct);

            // The operator gave it just now, in another browser than the one in which this page is open.
            await db
                .Sessions.Where(session => session.Id == elsewhere.SessionId)
                .ExecuteUpdateAsync(
                    set => set.SetProperty(session => session.FactorAt, session => session.FactorAt!.Value.AddSeconds(1)),
                    Ct
                );
            Assert.Equal(
                (OperatorRule.NoFactor, OperatorRule.NoFactor, OperatorRule.NotFresh, OperatorRule.NotFresh),
                (
                    await CallAsync(verb, without),
                    await CallAsync(verb, unproven),
                    await CallAsync(verb, stale),
                    await CallAsync(verb, elsewhere)
                )
            );
        }
    }

    [Theory]
    [InlineData(OperatorRole.Support, OperatorRole.Billing, false)]
    [InlineData(OperatorRole.Billing, OperatorRole.Support, true)]
    [InlineData(OperatorRole.Billing, OperatorRole.Infrastructure, false)]
    [InlineData(OperatorRole.Infrastructure, OperatorRole.Billing, false)]
    [InlineData(OperatorRole.Infrastructure, OperatorRole.Admin, false)]
    [InlineData(OperatorRole.Admin, OperatorRole.Billing, true)]
    public void A_role_may_what_is_its_own_and_what_is_only_looked_at(OperatorRole role, OperatorRole needed, bool may) =>
        Assert.Equal(may, role.May(needed));

    /// <summary>Whatever takes an actor in the rooms of operators; nothing else there changes anything.</summary>
    private static IEnumerable<MethodInfo> Methods() =>
        new[] { typeof(WebHost).Assembly, typeof(PortalDb).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .Where(type => type is { IsClass: true, Namespace: "Portal.Operators" or "Portal.Model.Operators" } && !type.IsNested)
            .SelectMany(type =>
                type.GetMethods(
                    BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly
                )
            )
            .Where(method =>
                (method.IsPublic || method.IsAssembly) && method.GetParameters().Any(parameter => parameter.ParameterType == typeof(Actor))
            );

    private static string NameOf(MethodInfo verb) => $"{verb.DeclaringType!.Name}.{verb.Name}";

    /// <returns>Why it was refused; what it is called with is of no matter to one who may not call it.</returns>
    private async Task<string?> CallAsync(MethodInfo verb, Actor actor)
    {
        await using var scope = Server.Services.CreateAsyncScope();
        var arguments = verb.GetParameters()
            .Select(parameter =>
                parameter.ParameterType switch
                {
                    var type when type == typeof(Actor) => actor,
                    var type when type == typeof(CancellationToken) => Ct,
                    var type when type == typeof(string) => "nothing",
                    { IsValueType: true } type => Activator.CreateInstance(type),
                    var type => type.GetConstructor([]) is null ? null : Activator.CreateInstance(type),
                }
            )
            .ToArray();
        var running = (Task)verb.Invoke(verb.IsStatic ? null : scope.ServiceProvider.GetRequiredService(verb.DeclaringType!), arguments)!;
        await running;
        var answer = running.GetType().GetProperty("Result")!.GetValue(running)!;
        var refusal = (Refusal?)answer.GetType().GetProperty(nameof(Outcome.Refusal))!.GetValue(answer);
        Assert.True(
            refusal
                is not {
                    Sentence: OperatorRule.NotYours or OperatorRule.NoFactor or OperatorRule.NotFresh,
                    Kind: not RefusalKind.Forbidden
                }
        );
        return refusal;
    }
}
