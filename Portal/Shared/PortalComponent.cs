using Microsoft.AspNetCore.Components;

namespace Portal.Shared;

/// <summary>
/// What all components are. A press that meets a database that is away, or comes too often, is told not to have counted, and the page stays as it is, with all that was typed; an error boundary would throw
/// the page away.
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
        var handling = GuardAsync(item.InvokeAsync(arg));
        StateHasChanged();
        return handling.IsCompletedSuccessfully ? Task.CompletedTask : RenderAfterAsync(handling);
    }

    private async Task GuardAsync(Task handling)
    {
        try
        {
            await handling;
        }
        catch (Exception error) when (Interruptions is not null && RendererInfo.IsInteractive && Interruptions.WhyNot(error) is not null)
        {
            Interruptions.Tell(error);
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
