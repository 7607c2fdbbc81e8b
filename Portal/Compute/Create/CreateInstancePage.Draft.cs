using System.Text.Json;
using Portal.Model.Compute;

namespace Portal.Compute;

/// <summary>
/// The form in the tab: a web that dies in the middle leaves neither an instance without its key nor a form that would make a second.
/// </summary>
public sealed partial class CreateInstancePage
{
    private static string DraftNameOf(string accountId) => $"instance {accountId}";

    private string Draft(bool isSent) => JsonSerializer.Serialize(new InstanceDraft(Token!, isSent, form));

    /// <summary>What differs from what the tab has; while a request is on its way only what says so.</summary>
    private async Task KeepAsync(bool isSent)
    {
        if (
            draftName is null
            || (!isTouched && !isSent)
            || created is not null
            || isDone
            || (saving && !isSent)
            || Draft(isSent) is var text && text == kept
        )
        {
            return;
        }

        kept = text;
        await drafts.KeepAsync(draftName, text);
    }

    /// <summary>What the tab kept: as it was written, or what came of it.</summary>
    private async Task RestoreAsync()
    {
        var actor = await current.GetAsync();
        if (await drafts.ReadAsync<InstanceDraft>(DraftNameOf(actor.AccountId)) is not { IsSane: true } draft)
        {
            return;
        }

        if (draft.IsSent && await create.MadeAsync(actor, draft.Token, left.Token) is { Count: > 0 } made)
        {
            created = new CreatedBefore(made, await FileOfAsync(made[0]));
            await drafts.DropAsync(DraftNameOf(actor.AccountId));
            return;
        }

        // Whoever comes from an image or a snapshot wants that one.
        if (FromImage is null && FromSnapshot is null)
        {
            (Token, form, isTouched) = (draft.Token, draft.Form, true);
            form.LookAgain();
            news = draft.IsSent
                ? "That did not go through: the connection broke off before Portal had created anything. Everything is as you left it; press the button again."
                : "Everything is as you left it. Nothing has been created yet.";
            await LoadAsync();
            if (form.Key is KeyChoice.Kept && catalogue!.Keys.All(pair => pair.Id != form.KeyPairId))
            {
                (form.Key, form.KeyPairId) = catalogue.Keys is [var first, ..] ? (KeyChoice.Kept, first.Id) : (KeyChoice.Made, null);
            }
        }
    }

    private async Task<string?> FileOfAsync(Instance instance) =>
        instance.PublicKey is { } line && SshPublicKey.Parse(line).Value is { } key ? await keys.FileOfAsync(key.Fingerprint) : null;

    private void BeginAnew() => navigation.NavigateTo("/instances/new", forceLoad: true);

    /// <summary>What a request made whose answer was lost.</summary>
    /// <param name="KeyFile">Where this browser saved the private key; null if it did not.</param>
    private sealed record CreatedBefore(IReadOnlyList<Instance> Instances, string? KeyFile)
    {
        public string Title => Instances is [var one] ? $"{one.Name} was created" : $"{Instances.Count} instances were created";

        public string Verb => Instances is [var one] ? $"View {one.Name}" : "View instances";

        public string Url => Instances is [var one] ? $"/instances/{one.Id}" : "/instances";
    }
}
