using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Portal.Model.Accounts;
using Portal.Shared;

namespace Portal.Accounts;

/// <summary>
/// The account's own audit, newest first. What is shown is in the URL: resource, action and the entry before which a page begins.
/// </summary>
public sealed partial class AuditPage
{
    private const int PerPage = 50;

    private readonly PageLifetime leaving = new();
    private string? resource;
    private IReadOnlyList<string> actions = [];
    private IReadOnlyList<AuditEntry>? entries;
    private long? before,
        older;

    [SupplyParameterFromQuery]
    private string? Resource { get; set; }

    [SupplyParameterFromQuery]
    private string? Action { get; set; }

    [SupplyParameterFromQuery]
    private string? Before { get; set; }

    private bool IsFiltered => !string.IsNullOrEmpty(Resource) || !string.IsNullOrEmpty(Action);

    public void Dispose()
    {
        leaving.Dispose();
    }

    protected override async Task OnParametersSetAsync()
    {
        (resource, before) = (Resource, FromAddress.Number<long>(Before));
        var me = await Me.GetAsync();
        await using var db = await Dbs.CreateDbContextAsync(leaving.Token);
        var own = db.AuditEntries.AsNoTracking().Where(entry => entry.AccountId == me.AccountId);
        actions = await own.Select(entry => entry.Action).Distinct().OrderBy(action => action).ToListAsync(leaving.Token);
        var page = await own.Where(entry =>
                (string.IsNullOrEmpty(Resource) || entry.ResourceId == Resource) && (string.IsNullOrEmpty(Action) || entry.Action == Action)
            )
            .Where(entry => before == null || entry.Id < before)
            .OrderByDescending(entry => entry.Id)
            .Take(PerPage + 1)
            .ToListAsync(leaving.Token);
        (entries, older) = (page[..Math.Min(PerPage, page.Count)], page.Count > PerPage ? page[PerPage - 1].Id : null);
    }

    private string Url(long? from) => Navigation.GetUriWithQueryParameter("before", from);

    private void Apply() => Go(resource, Action);

    private void Choose(ChangeEventArgs chosen) => Go(resource, chosen.Value as string);

    private void Go(string? wanted, string? action) =>
        Navigation.NavigateTo(
            Navigation.GetUriWithQueryParameters(
                "/audit",
                new Dictionary<string, object?>(StringComparer.Ordinal)
                {
                    ["resource"] = string.IsNullOrWhiteSpace(wanted) ? null : wanted.Trim(),
                    ["action"] = string.IsNullOrEmpty(action) ? null : action,
                }
            )
        );
}
