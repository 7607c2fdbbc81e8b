using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Portal.Storage;

/// <summary>The browser's half of uploads (<c>uploads.js</c>): takes files that are dropped or picked, to the folder that is shown.</summary>
/// <param name="uploaded">Called some time after files have arrived in the bucket.</param>
public sealed class UploadsInBrowser(IJSRuntime js, Func<Task> uploaded) : IAsyncDisposable
{
    private DotNetObjectReference<UploadsInBrowser>? self;
    private IJSObjectReference? module;
    private IJSObjectReference? zone;

    public async Task AttachAsync(ElementReference element, string bucket, string prefix)
    {
        self ??= DotNetObjectReference.Create(this);
        module ??= await js.InvokeAsync<IJSObjectReference>("import", "./uploads.js");
        zone ??= await module.InvokeAsync<IJSObjectReference>("attach", element, self, bucket, prefix);
    }

    /// <summary>What comes from now on goes there.</summary>
    public async Task MoveAsync(string bucket, string prefix)
    {
        if (zone is not null)
        {
            await zone.InvokeVoidAsync("move", bucket, prefix);
        }
    }

    [JSInvokable]
    public Task Uploaded() => uploaded();

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (zone is not null)
            {
                await zone.InvokeVoidAsync("close");
                await zone.DisposeAsync();
            }

            if (module is not null)
            {
                await module.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // The page is gone.
        }

        self?.Dispose();
    }
}
