using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;
using Portal.Model.Compute;

namespace Portal.Compute;

/// <summary>The browser's half of a console (<c>console.js</c>): opens one at a time in an element, and says what becomes of it.</summary>
/// <param name="told">Gets <c>open</c> or <c>closed</c>, and a sentence.</param>
public sealed class ConsoleInBrowser(IJSRuntime js, Func<string, string, Task> told) : IAsyncDisposable
{
    /// <summary>A socket's reason to close has at most 123 bytes.</summary>
    public const int LongestSentence = 123;

    private DotNetObjectReference<ConsoleInBrowser>? self;
    private IJSObjectReference? module;
    private IJSObjectReference? shown;

    public async Task OpenAsync(ElementReference element, ConsoleKind kind, IssuedTicket ticket)
    {
        await CloseAsync();
        self ??= DotNetObjectReference.Create(this);
        module ??= await js.InvokeAsync<IJSObjectReference>("import", "./console.js");
        shown = await module.InvokeAsync<IJSObjectReference>("open", element, kind.ToString(), ticket.Id, ticket.Secret, self);
    }

    /// <summary><c>copy</c>, <c>paste</c>, <c>fit</c> or <c>focus</c>.</summary>
    public async Task CallAsync(string verb)
    {
        if (shown is not null)
        {
            await shown.InvokeVoidAsync(verb);
        }
    }

    /// <summary>Anybody with a circuit can say anything here: more than a socket's reason is not taken.</summary>
    [JSInvokable]
    public Task Told(string state, string sentence) =>
        told(state is "open" ? "open" : "closed", sentence is { Length: > LongestSentence } ? sentence[..LongestSentence] : sentence ?? "");

    public async ValueTask DisposeAsync()
    {
        try
        {
            await CloseAsync();
            if (module is not null)
            {
                await module.DisposeAsync();
            }
        }
        catch (JSDisconnectedException)
        {
            // The page is gone, and its sockets with it.
        }

        self?.Dispose();
    }

    private async Task CloseAsync()
    {
        if (shown is not null)
        {
            await shown.InvokeVoidAsync("close");
            await shown.DisposeAsync();
            shown = null;
        }
    }
}
