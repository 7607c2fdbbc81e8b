using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Portal.Buckets;

/// <summary>
/// The browser's half of uploads (<c>uploads.js</c>): takes files that are dropped or picked, to the folder that is shown.
/// </summary>
/// <param name="uploaded">Called some time after files have arrived in the bucket.</param>
public sealed class UploadsInBrowser(IJSRuntime js, Func<Task> uploaded) : IAsyncDisposable
{
    private DotNetObjectReference<UploadsInBrowser>? self;
    private IJSObjectReference? module;
    private IJSObjectReference? zone;
    private bool isLeft;

    /// <param name="endpoint">Where the browser is to send them.</param>
    public async Task AttachAsync(ElementReference element, string bucket, string prefix, string endpoint)
    {
        self ??= DotNetObjectReference.Create(this);
        module ??= await js.InvokeAsync<IJSObjectReference>("import", "./uploads.js");
        if (!isLeft)
        {
            zone ??= await module.InvokeAsync<IJSObjectReference>("attach", element, self, bucket, prefix, endpoint);
        }

        if (isLeft)
        {
            // The tab was left while the browser was loading its half.
            await CloseAsync();
        }
    }

    /// <summary>What comes from now on goes there.</summary>
    public async Task MoveAsync(string bucket, string prefix, string endpoint)
    {
        if (zone is not null)
        {
            await zone.InvokeVoidAsync("move", bucket, prefix, endpoint);
        }
    }

    [JSInvokable]
    public Task Uploaded() => uploaded();

    public async ValueTask DisposeAsync()
    {
        isLeft = true;
        await CloseAsync();
        self?.Dispose();
    }

    private async Task CloseAsync()
    {
        var (closing, leaving) = (zone, module);
        (zone, module) = (null, null);
        try
        {
            if (closing is not null)
            {
                await closing.InvokeVoidAsync("close");
                await closing.DisposeAsync();
            }

            if (leaving is not null)
            {
                await leaving.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // The page is gone.
        }
    }
}
