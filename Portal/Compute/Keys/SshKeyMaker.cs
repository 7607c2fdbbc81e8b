using Microsoft.JSInterop;

namespace Portal.Compute;

/// <summary>The browser's side of key pairs (<c>ssh-key.js</c>): only public halves pass through here.</summary>
public sealed class SshKeyMaker(IJSRuntime js) : IAsyncDisposable
{
    private IJSObjectReference? module;

    /// <summary>Whether the browser can make Ed25519 keys. Not every one can, and none outside of https and localhost.</summary>
    public async ValueTask<bool> CanMakeAsync() => await (await ModuleAsync()).InvokeAsync<bool>("canMake");

    /// <summary>The public line of a new pair; of the same pair again until it is forgotten.</summary>
    public async ValueTask<string> MakeAsync(string comment) => await (await ModuleAsync()).InvokeAsync<string>("make", comment);

    /// <summary>
    /// Has the browser download the private half, once for each pair. To be called before the public half is kept: after that the answer
    /// may never come.
    /// </summary>
    public async ValueTask SaveAsync(string fileName) => await (await ModuleAsync()).InvokeVoidAsync("save", fileName);

    /// <summary>The pair has been used: the next one is another.</summary>
    public async ValueTask ForgetAsync() => await (await ModuleAsync()).InvokeVoidAsync("forget");

    /// <summary>The file in which this browser saved the private half of a key, or null.</summary>
    public async ValueTask<string?> FileOfAsync(string fingerprint) =>
        await (await ModuleAsync()).InvokeAsync<string?>("fileOf", fingerprint);

    /// <summary>A name for the private half's file that every system takes: letters, digits, hyphens.</summary>
    public static string FileName(string keyName)
    {
        var safe = new string([.. keyName.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-')]).Trim('-');
        return $"{(safe.Length == 0 ? "portal-key" : safe.Length > 60 ? safe[..60] : safe)}.pem";
    }

    public async ValueTask DisposeAsync()
    {
        if (module is not null)
        {
            try
            {
                await module.DisposeAsync();
            }
            catch (JSDisconnectedException)
            {
                // The page is gone, and the module with it.
            }
        }
    }

    private async ValueTask<IJSObjectReference> ModuleAsync() =>
        module ??= await js.InvokeAsync<IJSObjectReference>("import", "./ssh-key.js");
}
