using Microsoft.AspNetCore.Components;
using Portal.Model.Shared;

namespace Portal.Shared;

/// <summary>
/// What all components are. A press that meets a database that is away, or comes too often, is told what became of it, and the page stays
/// as it is, with all that was typed; an error boundary would throw the page away.
/// </summary>
public abstract class PortalComponent : ComponentBase, IHandleEvent
{
    /// <summary>The layout's; null in a component that is rendered alone.</summary>
    [CascadingParameter]
    private Interruptions? Interruptions { get; set; }

    // As ComponentBase does it, whose own cannot be called.
    Task IHandleEvent.HandleEventAsync(EventCallbackWorkItem item, object? arg)
    {
        Interruptions?.Presses.Begin();
        var handling = GuardAsync(item, arg);
        StateHasChanged();
        return handling.IsCompletedSuccessfully ? Task.CompletedTask : RenderAfterAsync(handling);
    }

    private async Task GuardAsync(EventCallbackWorkItem item, object? arg)
    {
        var attempt = Attempt.Begin();
        try
        {
            await item.InvokeAsync(arg);
        }
        catch (Exception error) when (Interruptions is not null && RendererInfo.IsInteractive && Interruptions.IsToldBy(error))
        {
            Interruptions.Tell(error, attempt.Saved);
        }
        finally
        {
            Interruptions?.Presses.End();
        }
    }

    private async Task RenderAfterAsync(Task handling)
    {
        try
        {
            await handling;
        }
        catch when (handling.IsCanceled)
        {
            // Whoever was awaited is gone; nothing came of it.
            return;
        }

        StateHasChanged();
    }
}
