using System.Text.Json;
using Microsoft.JSInterop;

namespace Portal.Shared;

/// <summary>
/// Forms that are being written, kept by the tab (<c>drafts.js</c>). What comes back is whatever a browser sends: a form looks at it as at
/// what is typed.
/// </summary>
public sealed class Drafts(IJSRuntime js) : IAsyncDisposable
{
    private IJSObjectReference? module;

    /// <param name="name">Of the form and whose it is: the tab may have had somebody else before.</param>
    /// <param name="text">Made by <see cref="JsonSerializer"/>.</param>
    public async ValueTask KeepAsync(string name, string text) => await (await ModuleAsync()).InvokeVoidAsync("keep", name, text);

    /// <summary>Null if there is none, or none that could have been kept.</summary>
    public async ValueTask<T?> ReadAsync<T>(string name)
        where T : class
    {
        try
        {
            return await (await ModuleAsync()).InvokeAsync<string?>("read", name) is { } text ? JsonSerializer.Deserialize<T>(text) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Stays where the page is gone already: then it was not left by choice.</summary>
    public async ValueTask DropAsync(string name)
    {
        try
        {
            await (await ModuleAsync()).InvokeVoidAsync("drop", name);
        }
        catch (Exception gone) when (gone is JSDisconnectedException or OperationCanceledException)
        {
            // A reload, or the line broke off.
        }
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
        module ??= await js.InvokeAsync<IJSObjectReference>("import", "./drafts.js");
}
