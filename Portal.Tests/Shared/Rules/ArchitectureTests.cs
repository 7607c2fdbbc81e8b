using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Model.Billing;
using Portal.Model.Buckets;
using Portal.Model.Compute;
using Portal.Model.Operators;
using Portal.Model.Shared;
using Portal.Model.Volumes;
using Architecture = ArchUnitNET.Domain.Architecture;
using Assembly = System.Reflection.Assembly;
using BindingFlags = System.Reflection.BindingFlags;
using Type = System.Type;

namespace Portal.Tests.Shared;

/// <summary>What holds the slices and the projects apart.</summary>
public sealed class ArchitectureTests
{
    private static readonly Assembly Model = typeof(PortalDb).Assembly;
    private static readonly Assembly Web = typeof(WebHost).Assembly;
    private static readonly Assembly Worker = typeof(Portal.Worker.WorkerHost).Assembly;
    private static readonly Architecture Code = new ArchLoader().LoadAssemblies(Model, Web, Worker).Build();

    /// <summary>
    /// What belongs to no customer: the catalogue, the operators' rows, Stripe's events, the keys of cookies, what is counted at the door;
    /// and the owner itself.
    /// </summary>
    private static readonly Type[] Nobodys =
    [
        typeof(Account),
        typeof(Image),
        typeof(InstanceSize),
        typeof(VolumeType),
        typeof(Price),
        typeof(Region),
        typeof(Patrol),
        typeof(Incident),
        typeof(StripeEvent),
        typeof(ObjectStore),
        typeof(FlaggedFingerprint),
        typeof(Throttle),
        typeof(DataProtectionKey),
    ];

    [Fact]
    public void Each_table_says_whose_its_rows_are()
    {
        var entities = typeof(PortalDb)
            .GetProperties()
            .Where(property => property.PropertyType.IsGenericType && property.DeclaringType == typeof(PortalDb))
            .Select(property => property.PropertyType.GetGenericArguments()[0])
            .Append(typeof(User));
        Assert.Empty(entities.Where(entity => !typeof(IOwned).IsAssignableFrom(entity)).Except(Nobodys));
    }

    [Fact]
    public void The_web_knows_no_worker_and_the_worker_no_web()
    {
        Assert.DoesNotContain(
            Web.GetReferencedAssemblies(),
            reference => reference.Name is "Portal.Worker" or "Portal.Sandbox" or "Hangfire.Server"
        );
        Assert.DoesNotContain(Worker.GetReferencedAssemblies(), reference => reference.Name is "Portal" or "Portal.Sandbox" or "MudBlazor");
    }

    /// <summary>What waits there is overtaken by the events behind it (CircuitBeginning says more).</summary>
    [Fact]
    public void Nothing_stands_between_an_event_and_its_circuit()
    {
        var handlers = Web.GetTypes().Where(typeof(CircuitHandler).IsAssignableFrom).ToList();
        Assert.NotEmpty(handlers);
        Assert.All(
            handlers,
            handler =>
                Assert.Equal(typeof(CircuitHandler), handler.GetMethod(nameof(CircuitHandler.CreateInboundActivityHandler))!.DeclaringType)
        );
    }

    [Fact]
    public void The_model_knows_neither_pages_nor_requests() =>
        Assert.DoesNotContain(
            Model.GetReferencedAssemblies(),
            reference =>
                reference.Name
                    is "MudBlazor"
                        or "Hangfire.Core"
                        or "Microsoft.AspNetCore.Http"
                        or "Microsoft.AspNetCore.Http.Abstractions"
                        or "Microsoft.AspNetCore.Components"
        );

    [Fact]
    public void Of_Stripe_the_model_knows_how_it_is_reached_and_nothing_more() =>
        Assert.Equal(
            ["Portal.Model.Billing.StripeRegistration"],
            Code.Types.Where(type =>
                    IsOf(Model, type)
                    && !type.FullName.Contains("<>", StringComparison.Ordinal)
                    && type.Dependencies.Any(dependency => dependency.Target.FullName.StartsWith("Stripe.", StringComparison.Ordinal))
                )
                .Select(type => type.FullName)
        );

    [Fact]
    public void Nobody_but_billing_knows_Stripe() =>
        Assert.Empty(
            Code.Types.Where(type =>
                    Slice(type) is { } slice
                    && slice is not "Billing"
                    && type.Dependencies.Any(dependency => dependency.Target.FullName.StartsWith("Stripe.", StringComparison.Ordinal))
                )
                .Select(type => type.FullName)
        );

    [Fact]
    public void Accounts_calls_no_other_slice_but_networking_for_the_first_network()
    {
        Assert.Contains(Calls("Accounts"), call => call.To == "Networking");
        Assert.Empty(
            Calls("Accounts").Where(call => call.To is not ("Networking" or "Shared" or "Accounts")).Select(call => call.ToString())
        );
    }

    [Fact]
    public void The_web_s_slices_do_not_call_each_others_pages()
    {
        // Charts and alerts are parts of the pages of what they are about; the first page shows something of everything.
        string[] allowed = ["Accounts", "Monitoring", "Shared"];
        var calls = Code.Types.Where(type => IsOf(Web, type)).SelectMany(Calls).ToList();
        Assert.Contains(calls, call => call is { From: "Operators", To: "Accounts" });
        Assert.Empty(
            calls
                .Where(call =>
                    call.IsWithinWeb && call.From != call.To && !allowed.Contains(call.To) && call.From is not ("Home" or "Shared")
                )
                .Select(call => call.ToString())
        );
    }

    /// <summary>
    /// The list is for people (docs/architecture.md); so is the sentence beside it. Everybody may know Accounts and Shared, which have a
    /// line each for whom they know.
    /// </summary>
    [Fact]
    public void The_slices_know_each_other_as_the_docs_say()
    {
        var listed = File.ReadLines(Path.Combine(TestPostgres.Repository, "docs", "architecture.md"))
            .SkipWhile(line => line != "## Who may know whom")
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .SelectMany(
                cells => cells[3].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
                (cells, to) => $"{cells[1].Trim('`')} {cells[2].Trim('`')} {to.Trim('`')}"
            );
        var known = Code
            .Types.SelectMany(type => Calls(type).Select(call => (Project: ProjectOf(type), Call: call)))
            .Where(edge =>
                edge.Call.From != edge.Call.To && (edge.Call.To is not ("Accounts" or "Shared") || edge.Call.From is "Accounts" or "Shared")
            )
            .Select(edge => $"{edge.Project} {edge.Call.From} {edge.Call.To}")
            .Distinct();
        Assert.Equal(listed.Order(StringComparer.Ordinal), known.Order(StringComparer.Ordinal));
    }

    private static string ProjectOf(IType type) =>
        IsOf(Web, type) ? "Portal"
        : IsOf(Worker, type) ? "Portal.Worker"
        : "Portal.Model";

    /// <summary>
    /// A part that appears because the address changed and then asks for a part of the address itself ends the circuit
    /// (dotnet/aspnetcore#64963, mended in .NET 11).
    /// </summary>
    [Fact]
    public void Only_pages_take_their_parameters_from_the_address() =>
        Assert.DoesNotContain(
            Web.GetTypes(),
            type =>
                !type.IsAbstract
                && !type.IsDefined(typeof(RouteAttribute), inherit: false)
                && type.GetProperties().Any(property => property.IsDefined(typeof(SupplyParameterFromQueryAttribute), inherit: true))
        );

    /// <summary>Anybody may write an address: a parameter of another type throws before the page can say a word (FromAddress).</summary>
    [Fact]
    public void What_pages_take_from_the_address_is_text() =>
        Assert.All(
            Web.GetTypes()
                .SelectMany(type => type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
                .Where(property => property.IsDefined(typeof(SupplyParameterFromQueryAttribute), inherit: true)),
            property =>
                Assert.True(
                    property.PropertyType == typeof(string),
                    $"{property.DeclaringType!.Name}.{property.Name} is {property.PropertyType}."
                )
        );

    private static IEnumerable<Call> Calls(string slice) => Code.Types.Where(type => Slice(type) == slice).SelectMany(Calls);

    private static IEnumerable<Call> Calls(IType type) =>
        type
            .Dependencies.Where(dependency => Slice(type) is not null && Slice(dependency.Target) is not null)
            .Select(dependency => new Call(
                Slice(type)!,
                Slice(dependency.Target)!,
                type.FullName,
                dependency.Target.FullName,
                IsOf(Web, dependency.Target)
            ))
            .Distinct();

    private static bool IsOf(Assembly assembly, IType type) => assembly.GetType(type.FullName.Replace('/', '+')) is not null;

    /// <summary>The slice is the part of the namespace after the project's.</summary>
    private static string? Slice(IType type) =>
        type.Namespace?.FullName.Split('.') switch
        {
            ["Portal", "Model" or "Worker", "Migrations" or "CompiledModel", ..] => null,
            ["Portal", "Model" or "Worker", var slice, ..] => slice,
            ["Portal", "Model" or "Worker"] or ["Portal"] => null,
            ["Portal", var slice, ..] => slice,
            _ => null,
        };

    private sealed record Call(string From, string To, string Type, string Target, bool IsWithinWeb);
}
