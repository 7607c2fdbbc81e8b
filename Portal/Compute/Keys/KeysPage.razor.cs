using Microsoft.EntityFrameworkCore;
using MudBlazor;
using Portal.Accounts;
using Portal.Model.Compute;
using Portal.Model.Shared;
using Portal.Shared;

namespace Portal.Compute;

public sealed partial class KeysPage(
    IDbContextFactory<PortalDb> dbs,
    CurrentActor current,
    KeyPairs pairs,
    SshKeyMaker maker,
    LiveUpdates live,
    IDialogService dialogs
) : IDisposable
{
    private const string WhyNotMake =
        "This browser cannot make Ed25519 keys. Make one with ssh-keygen -t ed25519, and add its public half.";

    private readonly PageLifetime left = new();
    private readonly LatestLoad loads = new();
    private IReadOnlyList<Row>? keys;
    private IDisposable? listening;
    private Adding? adding;
    private string name = "",
        line = "",
        comment = "";
    private string? refusal,
        lineProblem;
    private bool canMake = true;
    private bool saving;

    private enum Adding
    {
        Make,
        Paste,
    }

    public void Dispose()
    {
        listening?.Dispose();
        left.Dispose();
    }

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (firstRender)
        {
            var account = (await current.GetAsync()).AccountId;
            listening = live.Subscribe(
                change => change.Table is "KeyPairs" or "Instances" && change.AccountId == account,
                () =>
                    InvokeAsync(async () =>
                    {
                        await LoadAsync();
                        StateHasChanged();
                    })
            );
            canMake = await maker.CanMakeAsync();
            StateHasChanged();
        }
    }

    private async Task LoadAsync()
    {
        var actor = await current.GetAsync();
        var turn = loads.Begin();
        await using var db = await dbs.CreateDbContextAsync(left.Token);
        var found = await db
            .KeyPairs.AsNoTracking()
            .Where(key => key.AccountId == actor.AccountId)
            .OrderBy(key => key.Name)
            .ToListAsync(left.Token);
        var users = await db
            .Instances.Where(instance =>
                instance.AccountId == actor.AccountId && instance.KeyPairId != null && instance.State != InstanceState.Terminated
            )
            .Select(instance => new { instance.KeyPairId, User = new User(instance.Id, instance.Name) })
            .ToListAsync(left.Token);
        if (!loads.IsCurrent(turn))
        {
            return;
        }

        keys = [.. found.Select(key => new Row(key, [.. users.Where(user => user.KeyPairId == key.Id).Select(user => user.User)]))];
    }

    private void Begin(Adding how) => (adding, name, line, comment, refusal, lineProblem) = (how, "", "", "", null, null);

    private void SetLine(string? text)
    {
        var parsed = SshPublicKey.Parse(text);
        (line, lineProblem, comment) = (text ?? "", parsed.Reason, parsed.Value?.Comment ?? "");
    }

    private async Task SaveAsync()
    {
        if (saving)
        {
            return;
        }

        // Left empty, a pasted key is called by its comment.
        name = name.Trim().Length == 0 ? comment : name.Trim();
        (saving, refusal) = (true, ResourceName.Check(name).Reason);
        try
        {
            if (refusal is null)
            {
                await SaveAsync(made: adding is Adding.Make);
            }
        }
        finally
        {
            saving = false;
        }
    }

    private async Task SaveAsync(bool made)
    {
        var publicKey = made ? await maker.MakeAsync(name.Trim()) : line;
        if (made)
        {
            await maker.SaveAsync(SshKeyMaker.FileName(name));
        }

        var outcome = await ProofDialog.RunAsync(
            dialogs,
            async () => await pairs.ImportAsync(await current.GetAsync(), name, publicKey, CancellationToken.None)
        );
        refusal = outcome.Reason;
        if (outcome.IsDone)
        {
            adding = null;
            if (made)
            {
                await maker.ForgetAsync();
            }

            await LoadAsync();
        }
    }

    private async Task DeleteAsync(Row row)
    {
        var used =
            row.Users.Count == 0
                ? "No instance uses it."
                : $"{(row.Users.Count == 1 ? $"{row.Users[0].Name} was" : $"{row.Users.Count} instances were")} made with it, and still let it in: the key stays on their disks.";
        if (
            await ConfirmDialog.ShowAsync(
                dialogs,
                new Confirmation($"Delete the key {row.Key.Name}?", $"{used} New instances can no longer be given it.", "Delete", null)
            )
        )
        {
            await pairs.DeleteAsync(await current.GetAsync(), row.Key.Id, CancellationToken.None);
            await LoadAsync();
        }
    }

    private sealed record User(string Id, string Name);

    private sealed record Row(KeyPair Key, IReadOnlyList<User> Users);
}
